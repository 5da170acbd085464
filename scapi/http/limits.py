"""Limits of every request: the size of its body, and the time that its client may send nothing."""

from time import monotonic

from flask import Flask, Response, current_app, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest

from scapi.http import errors, incoming
from scapi.settings import Settings, settings

FORM_OVERHEAD = 64 * 1024
"""Bytes that a multipart body may have beside the chunk in it."""

REFUSED_SILENCE = 1
"""Seconds that a client may be silent in the middle of a body that is refused already."""

REFUSED_TIME = 10
"""Seconds that it may take to send the rest of such a body."""


def register(app: Flask, settings: Settings) -> None:
    """Take requests of a bounded size, and hang up on clients that stop in the middle of a body.

    A body whose chunked encoding is not valid, which gunicorn finds out where it is read, is answered with 400.
    """
    app.config["MAX_CONTENT_LENGTH"] = settings.max_chunk_bytes + FORM_OVERHEAD
    app.before_request(_bound_silence)
    app.after_request(_read_to_the_end)
    app.register_error_handler(ParseException, _malformed)


def _bound_silence() -> None:
    """Let reads of the body wait `SCAPI_CLIENT_TIMEOUT` seconds at most: gunicorn's threads would wait forever."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and request.method in ("POST", "PUT", "PATCH"):
        connection.settimeout(settings.client_timeout)


def _read_to_the_end(answer: Response) -> Response:
    """Read what a refused request has left of its body, as far as a body may go.

    gunicorn hangs up where more than 64 KiB are left, and by that the client may lose the answer, and its next request.
    """
    incoming.give_up(request.environ)
    if answer.status_code >= 400 and request.method in ("POST", "PUT", "PATCH"):
        connection = request.environ.get("gunicorn.socket")
        if connection is not None:
            connection.settimeout(REFUSED_SILENCE)
        left, end = current_app.config["MAX_CONTENT_LENGTH"], monotonic() + REFUSED_TIME
        try:
            while (
                left > 0
                and monotonic() < end
                and (data := request.environ["wsgi.input"].read(min(left, FORM_OVERHEAD)))
            ):
                left -= len(data)
        except (OSError, ParseException) as error:  # the client has fallen silent, is gone, or sends nonsense
            current_app.logger.debug("the rest of a refused body did not come: %s", error)
    return answer


def _malformed(_error: ParseException) -> Response:
    return errors.http_exception(BadRequest("the chunked encoding of the body is not valid (RFC 9112, section 7.1)"))
