"""Readiness checks of the database and the storage: cheap, and answered in bounded time even if one of them hangs."""

import logging
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from scapi import storage
from scapi.database import UPLOADS_BIND, db, readiness
from storage_backends import StorageError

PATIENCE = 2.0
"""A part that does not answer within this many seconds counts as away."""

FRESH = 1.0
"""Seconds for which an answer is reused, so that many requests cause one check."""

READY, AWAY, OUTDATED = "ready", "away", "outdated"
"""The states of a part. Only the database can be outdated (its schema)."""

log = logging.getLogger(__name__)


class Question:
    """Checks a part once, in its own thread: a call that hangs must not block the request that waits for it."""

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        self._name = name
        self._ask = ask
        self._asked = monotonic()
        self._answered = threading.Event()
        self._fresh_until = float("inf")  # no second check while the first one hangs
        self._state = AWAY
        threading.Thread(target=self._run, name=f"ready-{name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self._ask()
            self._state = READY
        except readiness.SchemaOutdated as error:
            self._state = OUTDATED
            log.warning("not ready: %s", error)
        except (SQLAlchemyError, StorageError) as error:
            log.warning("not ready: %s: %s", self._name, error)
        finally:  # a plug-in's backend may raise anything
            self._fresh_until = monotonic() + FRESH
            self._answered.set()

    def is_fresh(self) -> bool:
        """Whether its answer, or its lack of an answer, is still valid."""
        return monotonic() < self._fresh_until

    def answer(self) -> str:
        """Return READY, AWAY or OUTDATED, at most PATIENCE seconds after the check began."""
        self._answered.wait(max(0.0, self._asked + PATIENCE - monotonic()))
        return self._state


class Probe:
    """Tells whether a part is ready. `ask` returns if it is, and raises SQLAlchemyError or StorageError if not."""

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        self._name = name
        self._ask = ask
        self._lock = threading.Lock()
        self._question: Question | None = None

    def question(self) -> Question:
        """Return the running check, the one that was answered within the last second, or a new one."""
        with self._lock:
            if self._question is None or not self._question.is_fresh():
                self._question = Question(self._name, self._ask)
            return self._question


def set_up(app: Flask) -> None:
    """Create the probes of the database and the storage, which must be set up already. Checks nothing yet."""
    with app.app_context():
        engine, backend = db.engines[UPLOADS_BIND], storage.of(storage.name_in_use())
    asks: dict[str, Callable[[], None]] = {"database": partial(readiness.ask, engine), "storage": backend.probe}
    app.extensions["scapi.probes"] = {name: Probe(name, ask) for name, ask in asks.items()}


def parts() -> dict[str, str]:
    """Return whether each part of this application is READY, AWAY or OUTDATED."""
    probes: dict[str, Probe] = current_app.extensions["scapi.probes"]
    asked = {
        name: probe.question() for name, probe in probes.items()
    }  # all at once, so that PATIENCE limits all of them together
    return {name: question.answer() for name, question in asked.items()}
