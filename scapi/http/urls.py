"""Absolute URLs, as clients see this service."""

from flask import request

from scapi.settings import settings


def absolute(path: str) -> str:
    """Return the absolute URL of `path`, which begins with a slash, at `SCAPI_PUBLIC_URL` or the request's host."""
    return (settings.public_url or request.host_url).rstrip("/") + path
