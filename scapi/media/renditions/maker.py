"""Makes renditions in the web process, right after a media was made or asked for: in a thread, after the answer."""

import logging

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from scapi.media.background import Background
from scapi.media.renditions import making
from scapi.settings import settings
from storage_backends import StorageError

PAUSE = 0.5
"""Seconds between two looks at whether the process of this host that makes some has ended."""

log = logging.getLogger(__name__)


class Maker:
    """Makes what is due, in a thread of its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._thread = Background("renditions", self._run)

    def wake(self) -> None:
        """Look for what is due."""
        self._thread.wake()

    def stop(self) -> None:
        """End after what is being made."""
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
    """Make what makes the renditions of this process."""
    app.extensions["scapi.renditions"] = Maker(app)


def wake() -> None:
    """Make what is due soon, unless nothing may be written."""
    if not settings.read_only:
        maker: Maker = current_app.extensions["scapi.renditions"]
        maker.wake()
