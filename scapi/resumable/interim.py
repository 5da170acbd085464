"""Interim answers: 104 (Upload Resumption Supported), which tells a client where its upload is before it has ended.

WSGI has no way to send one; gunicorn's socket is in the environment. It is written by the request's own thread, before
the final answer begins. A proxy or a client of HTTP/1.0 must not get one.
"""

import socket
from collections.abc import Mapping

from flask import Request

from scapi.settings import settings

LINE = "HTTP/1.1 104 Upload Resumption Supported\r\n"


def is_possible(request: Request) -> bool:
    """Return whether the client itself is at the other end of the connection, and speaks HTTP/1.1."""
    return (
        request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and settings.trusted_proxies == 0
        and "Via" not in request.headers
        and "X-Forwarded-For" not in request.headers
        and isinstance(request.environ.get("gunicorn.socket"), socket.socket)
    )


def send(request: Request, headers: Mapping[str, str]) -> None:
    """Send a 104 with these headers, if that is possible. A client that is gone is found out by who reads next."""
    if not is_possible(request):
        return
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    try:
        request.environ["gunicorn.socket"].sendall(f"{LINE}{lines}\r\n".encode("latin-1"))
    except OSError:
        return
