"""Absolute URLs of this service, as clients see them."""

from urllib.parse import urlsplit

from flask import has_request_context, request

from scapi.settings import settings

API = "/api/v2"
"""The prefix of the path of every operation."""


def absolute(path: str) -> str:
    """Return the absolute URL of `path`, which begins with a slash, at `SCAPI_PUBLIC_URL` or the request's host.

    A command has no request: without `SCAPI_PUBLIC_URL` it gets the path alone.
    """
    host = request.host_url if has_request_context() else ""
    return (settings.public_url or host).rstrip("/") + path


def path(of: str) -> str:
    """Return the path of a page as browsers request it: with the prefix that a proxy in front removes."""
    return urlsplit(settings.public_url).path.rstrip("/") + of


def origin() -> str:
    """Return scapi's own origin as in the header Origin: scheme, host, and the port if it is not the default."""
    parts = urlsplit(settings.public_url or request.host_url)
    port = None if parts.port == {"http": 80, "https": 443}.get(parts.scheme) else parts.port
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
