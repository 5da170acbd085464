"""What is noted of every request: its id in the answer, its time in the metrics, a line in the log."""

import logging
from time import perf_counter

from flask import Flask, Response, current_app, g, request
from prometheus_client import Histogram

from scapi import auth
from scapi.watching import BLUEPRINT, metrics, request_ids

log = logging.getLogger(__name__)

_OUTCOMES = {4: "refused", 5: "failed"}
"""By the first digit of the status; the others are `ok`."""

_PLACES: dict[tuple[str, str, str, str], Histogram] = {}
"""The histograms that were used already: to look one up by its labels costs as much as to write into it."""


def register(app: Flask) -> None:
    """Note every request of `app`. Call it before anything else that looks at requests."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def _begin() -> None:
    g.began = perf_counter()
    metrics.REQUESTS_IN_PROGRESS.inc()


def _end(response: Response) -> Response:
    response.headers[request_ids.HEADER] = request_ids.current()
    seconds = perf_counter() - g.began
    outcome = _OUTCOMES.get(response.status_code // 100, "ok")
    _histogram(outcome).observe(seconds)
    level = _level(response.status_code)
    if log.isEnabledFor(level):
        _write_line(level, response, seconds)
    return response


def _leave(_error: BaseException | None) -> None:
    if "began" in g:
        metrics.REQUESTS_IN_PROGRESS.dec()


def method() -> str:
    """Return the method of the request, "" where no route fits, as it could be any text then."""
    return request.method if request.url_rule else ""


def route() -> str:
    """Return the pattern of the path that was asked for, such as `/media/<uuid:hash_code>/<name>`; "" if none fits.

    Never the path itself: it may have the name of somebody's file in it.
    """
    return request.url_rule.rule if request.url_rule else ""


def _histogram(outcome: str) -> Histogram:
    labels = (method(), route(), outcome, current_app.config["SCAPI_STORAGE"])
    found = _PLACES.get(labels)
    if found is None:
        found = _PLACES[labels] = metrics.REQUEST_SECONDS.labels(*labels)
    return found


def _level(status: int) -> int:
    if status >= 500:
        return logging.WARNING
    return logging.DEBUG if request.blueprint == BLUEPRINT else logging.INFO


def _write_line(level: int, response: Response, seconds: float) -> None:
    fields = {
        "method": method(),
        "route": route(),
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 2),
        "bytes_in": request.content_length or 0,
        "bytes_out": response.content_length or 0,
        "user": auth.current_user_id(),
    }
    log.log(level, "%s", " ".join(f"{name}={value}" for name, value in fields.items()), extra=fields)
