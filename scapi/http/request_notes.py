"""What is noted of every request: its id in the answer and in the log, its time in the metrics, a line in the log.

The id is also in the body of an error, and in every log line of the request.
"""

import logging
import re
import secrets
from time import perf_counter

from flask import Flask, Request, Response, g, has_request_context, request
from flask.globals import request_ctx
from prometheus_client import Histogram

from scapi import metrics
from scapi.http import auth

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""The format of an accepted id of a client or a proxy; it is logged unchanged."""

_OUTCOMES = {4: "refused", 5: "failed"}
"""The outcomes by the first digit of the status; all others are `ok`."""


def request_id() -> str:
    """Return the id of the current request: the one in its header, if that is valid, or else a new one."""
    found: str | None = g.get("request_id")
    if found is None:
        asked = request.headers.get(HEADER, "")
        found = g.request_id = asked if _SANE.fullmatch(asked) else secrets.token_hex(16)
    return found


class RequestId(logging.Filter):
    """A log filter that adds the id of the current request. It drops no record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if has_request_context():
            record.request_id = request_id()
        return True


FILTER = RequestId()


class Notes:
    """The hooks around every request of an application whose storage is called `storage`."""

    def __init__(self, storage: str) -> None:
        self._storage = storage
        # looking up a histogram by its labels costs as much as writing into it
        self._histograms: dict[tuple[str, str, str], Histogram] = {}

    def begin(self) -> None:
        """Count the request as in progress."""
        g.began = perf_counter()
        metrics.REQUESTS_IN_PROGRESS.inc()

    def end(self, response: Response) -> Response:
        """Record the outcome, and add the id to the answer."""
        request = request_ctx.request
        response.headers[HEADER] = request_id()
        seconds = perf_counter() - g.began
        status = response.status_code
        self._histogram(request, _OUTCOMES.get(status // 100, "ok")).observe(seconds)
        level = logging.WARNING if status >= 500 else logging.INFO
        if log.isEnabledFor(level) and (status >= 500 or request.blueprint != auth.WATCHING):
            _write_line(level, request, response, seconds)
        return response

    def leave(self, _error: BaseException | None) -> None:
        """Count the request as no longer in progress."""
        if "began" in g:
            metrics.REQUESTS_IN_PROGRESS.dec()

    def _histogram(self, request: Request, outcome: str) -> Histogram:
        rule = request.url_rule
        # a method that no route has can be any text
        labels = (request.method, rule.rule, outcome) if rule else ("", "", outcome)
        found = self._histograms.get(labels)
        if found is None:
            found = self._histograms[labels] = metrics.REQUEST_SECONDS.labels(*labels, self._storage)
        return found


def register(app: Flask, storage: str) -> None:
    """Register the hooks for every request of `app`. Call it before all other hooks of requests."""
    notes = Notes(storage)
    app.before_request(notes.begin)
    app.after_request(notes.end)
    app.teardown_request(notes.leave)


def _write_line(level: int, request: Request, response: Response, seconds: float) -> None:
    """Log the request with its route, never its path, which may contain the name of a user's file."""
    fields = {
        "method": request.method,
        "route": request.url_rule and request.url_rule.rule,
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 2),
        "bytes_in": request.content_length or 0,
        "bytes_out": response.content_length or 0,
        "user": auth.current_user_name(),
    }
    said = " ".join(f"{name}={'-' if value is None else value}" for name, value in fields.items())
    log.log(level, "%s", said, extra=fields)
