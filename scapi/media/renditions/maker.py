"""Makes renditions in a thread of the web process, after the answer to the request that needs them."""

import logging

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from scapi.media.background import Background
from scapi.media.renditions import making
from scapi.settings import settings
from storage_backends import StorageError

PAUSE = 0.5
"""Seconds between two checks whether another process of this host still makes renditions."""

log = logging.getLogger(__name__)


class Maker:
    """Makes the renditions that are due, in its own thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._thread = Background("renditions", self._run)

    def wake(self) -> None:
        """Look for due renditions."""
        self._thread.wake()

    def stop(self) -> None:
        """Stop after the current media."""
        self._thread.stop()

    def _run(self) -> None:
        woken, over = self._thread.woken, self._thread.over
        while woken.wait() and not over.is_set():
            woken.clear()
            if not self._make():
                woken.set()
                over.wait(PAUSE)

    def _make(self) -> bool:
        try:
            with self._app.app_context():
                return making.make_due(self._thread.over.is_set)
        except (StorageError, SQLAlchemyError) as error:
            log.warning("renditions are made later, by housekeeping: %s", error)
            return True


def set_up(app: Flask) -> None:
    """Create the maker of this process."""
    app.extensions["scapi.renditions"] = Maker(app)


def wake() -> None:
    """Make due renditions soon, unless scapi is read-only."""
    if not settings.read_only:
        maker: Maker = current_app.extensions["scapi.renditions"]
        maker.wake()
