"""Interim answers: 104 (Upload Resumption Supported) tells a client the URL of its upload while it is running.

WSGI cannot send one, but gunicorn's socket is in the environment. The request's own thread writes it, before the final
answer. Proxies and clients of HTTP/1.0 must not get one.
"""

import socket
from collections.abc import Mapping

from flask import Request

from scapi.settings import settings

LINE = "HTTP/1.1 104 Upload Resumption Supported\r\n"


def is_possible(request: Request) -> bool:
    """Return whether the client is directly at the other end of the connection and speaks HTTP/1.1."""
    return (
        request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and settings.trusted_proxies == 0
        and "Via" not in request.headers
        and "X-Forwarded-For" not in request.headers
        and isinstance(request.environ.get("gunicorn.socket"), socket.socket)
    )


def send(request: Request, headers: Mapping[str, str]) -> None:
    """Send a 104 with these headers, if possible. If the client is gone, the next read notices that."""
    if not is_possible(request):
        return
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    try:
        request.environ["gunicorn.socket"].sendall(f"{LINE}{lines}\r\n".encode("latin-1"))
    except OSError:
        return
