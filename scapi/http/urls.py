"""Absolute URLs, as clients see this service."""

from flask import current_app, request


def absolute(path: str) -> str:
    """Return the absolute URL of `path`, which begins with a slash, at `SCAPI_PUBLIC_URL` or the request's host."""
    return (current_app.config["SCAPI_PUBLIC_URL"] or request.host_url).rstrip("/") + path
