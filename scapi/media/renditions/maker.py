"""Makes renditions in the web process, right after a media was made or asked for: in a thread, after the answer."""

import logging
import threading

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from scapi.media.renditions import making
from scapi.settings import settings
from storage_backends import StorageError

PAUSE = 0.5
"""Seconds between two looks at whether the process of this host that makes some has ended."""

log = logging.getLogger(__name__)


class Maker:
    """Makes what is due, in a thread of its own, which begins with the first call of `wake`."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._thread: threading.Thread | None = None
        self._begun = threading.Lock()
        self._due, self._over = threading.Event(), threading.Event()

    def wake(self) -> None:
        """Look for what is due."""
        self._due.set()
        if self._begun.acquire(blocking=False):
            self._thread = threading.Thread(target=self._run, name="renditions", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is making."""
        self._over.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._due.wait() and not self._over.is_set():
            self._due.clear()
            if not self._make():
                self._due.set()
                self._over.wait(PAUSE)

    def _make(self) -> bool:
        try:
            with self._app.app_context():
                return making.make_due(self._over.is_set)
        except (StorageError, SQLAlchemyError) as error:
            log.warning("renditions are made later, by housekeeping: %s", error)
            return True


def set_up(app: Flask) -> None:
    """Make what makes the renditions of this process."""
    app.extensions["scapi.renditions"] = Maker(app)


def wake() -> None:
    """Make what is due soon, unless nothing may be written."""
    if not settings.read_only:
        maker: Maker = current_app.extensions["scapi.renditions"]
        maker.wake()
