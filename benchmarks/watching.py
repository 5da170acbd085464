"""Measures the cost of monitoring: microseconds per request for its id, its metrics and its log line.

    PROMETHEUS_MULTIPROC_DIR=$(mktemp -d) SCAPI_WORKER=1 python -m benchmarks.watching

With these two variables metrics go into a file, as under gunicorn; without them, into this process's memory.
"""

import io
import logging.config
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from timeit import repeat
from typing import Any

from flask import Flask, g

from scapi import create_app, server
from scapi.settings import read_settings
from scapi.storage import observer
from storage_backends import CheckedBackend
from storage_backends.local import LocalBackend

CHUNK = "/api/v2/media/upload/chunk/"
COUNT = 5_000
ROUNDS = 9


def microseconds(call: Callable[[], object]) -> float:
    """Return the time of one call, from the best of some rounds."""
    return min(repeat(call, number=COUNT, repeat=ROUNDS)) / COUNT * 1e6


class IdleBackend(LocalBackend):
    """A backend that does nothing."""

    def write(self, state: dict[str, Any], *_: Any) -> dict[str, Any]:
        return state


def storage_call(folder: Path) -> float:
    """Return the time that the wrapper adds to a call of the storage."""
    idle = IdleBackend(folder)
    measured = CheckedBackend(idle, observer("local"))
    chunk: tuple[Any, ...] = ({}, 0, io.BytesIO(), 204_800)
    return microseconds(lambda: measured.write(*chunk)) - microseconds(lambda: idle.write(*chunk))


def request_hooks(app: Flask) -> float:
    """Return the time of the hooks before and after a request."""
    before, after = app.before_request_funcs[None][0], app.after_request_funcs[None][0]
    leave = app.teardown_request_funcs[None][0]
    with app.test_request_context(CHUNK, method="POST"):
        answer = app.response_class("{}", 201)

        def run() -> None:
            g.pop("request_id", None)
            before()
            after(answer)
            leave(None)

        return microseconds(run)


def make_app(folder: Path, **settings: str) -> Flask:
    return create_app(read_settings({"SCAPI_DATA_DIR": str(folder), **settings}))


def main(folder: Path) -> None:
    """Measure and print."""
    app = make_app(folder)
    quiet = request_hooks(app)
    print(f"id and metrics of a request      {quiet:5.1f} µs")
    print(f"metrics of a call of the storage {storage_call(folder):5.1f} µs")
    for form in ("text", "json"):
        settings = server.log_settings(form)
        settings["handlers"]["scapi"] |= {"class": "logging.FileHandler", "filename": os.devnull}
        logging.config.dictConfig(settings)
        app = make_app(folder, SCAPI_LOG_LEVEL="info")
        print(f"its line in the log, {form}         {request_hooks(app) - quiet:5.1f} µs")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made))
