"""A request as scapi takes it: of a bounded size, from a client that may not fall silent."""

from flask import Flask, current_app, request

FORM_OVERHEAD = 64 * 1024
"""Bytes that a multipart body may have beside the chunk in it."""


def register(app: Flask) -> None:
    """Take requests of a bounded size, and hang up on clients that stop in the middle of a body."""
    app.config["MAX_CONTENT_LENGTH"] = app.config["SCAPI_MAX_CHUNK_BYTES"] + FORM_OVERHEAD
    app.before_request(_bound_silence)


def _bound_silence() -> None:
    """Let reads of the body wait `SCAPI_CLIENT_TIMEOUT` seconds at most: gunicorn's threads would wait forever."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and request.method in ("POST", "PUT", "PATCH"):
        connection.settimeout(current_app.config["SCAPI_CLIENT_TIMEOUT"])
