"""Limits of every request: the size of its body, and the time that its client may be silent."""

from time import monotonic

from flask import Flask, Response, current_app, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest

from scapi.http import errors, incoming
from scapi.settings import Settings, settings

FORM_OVERHEAD = 64 * 1024
"""The most bytes of a multipart body beside its chunk."""

REFUSED_SILENCE = 1
"""Seconds that a client may be silent while it sends the rest of a refused body."""

REFUSED_TIME = 10
"""Seconds that it may take to send the rest of such a body."""


def register(app: Flask, settings: Settings) -> None:
    """Limit the size of requests, and disconnect clients that stop in the middle of a body.

    gunicorn notices invalid chunked encoding only while the body is read; the answer is then 400.
    """
    app.config["MAX_CONTENT_LENGTH"] = settings.max_chunk_bytes + FORM_OVERHEAD
    app.before_request(_bound_silence)
    app.after_request(_read_to_the_end)
    app.register_error_handler(ParseException, _malformed)


def _bound_silence() -> None:
    """Limit the wait for the body to `SCAPI_CLIENT_TIMEOUT` seconds: gunicorn's threads would wait forever."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and request.method in ("POST", "PUT", "PATCH"):
        connection.settimeout(settings.client_timeout)


def _read_to_the_end(answer: Response) -> Response:
    """Read the rest of a refused request's body, up to the limit of bodies.

    gunicorn closes the connection if more than 64 KiB are left; the client may then lose the answer and its next
    request.
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
        except (OSError, ParseException) as error:  # the client is silent or gone, or sends invalid data
            current_app.logger.debug("the rest of a refused body did not arrive: %s", error)
    return answer


def _malformed(_error: ParseException) -> Response:
    return errors.http_exception(BadRequest("the chunked encoding of the body is not valid (RFC 9112, section 7.1)"))
