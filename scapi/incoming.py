"""A request as scapi takes it: its file part stays in memory, and its client may not fall silent."""

from io import BytesIO
from typing import IO

from flask import Flask, current_app, request
from flask import Request as FlaskRequest

FORM_OVERHEAD = 64 * 1024
"""Bytes that a multipart body may have beside the chunk in it."""


class Request(FlaskRequest):
    """A request whose file part stays in memory: a chunk is bounded, and a temporary file would write it twice."""

    max_form_parts = 100

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def register(app: Flask) -> None:
    """Take requests as Request says, of a bounded size, and hang up on clients that stop in the middle of a body."""
    app.request_class = Request
    app.config["MAX_CONTENT_LENGTH"] = app.config["SCAPI_MAX_CHUNK_BYTES"] + FORM_OVERHEAD
    app.before_request(_bound_silence)


def _bound_silence() -> None:
    """Let reads of the body wait `SCAPI_CLIENT_TIMEOUT` seconds at most: gunicorn's threads would wait forever."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and request.method in ("POST", "PUT", "PATCH"):
        connection.settimeout(current_app.config["SCAPI_CLIENT_TIMEOUT"])
