"""Absolute URLs, as clients see this service."""

from flask import has_request_context, request

from scapi.settings import settings


def absolute(path: str) -> str:
    """Return the absolute URL of `path`, which begins with a slash, at `SCAPI_PUBLIC_URL` or the request's host.

    A command has no request: without `SCAPI_PUBLIC_URL` it gets the path alone.
    """
    host = request.host_url if has_request_context() else ""
    return (settings.public_url or host).rstrip("/") + path
