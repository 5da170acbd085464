"""Makes renditions in a thread of the web process, after the answer to the request that needs them."""

import logging
import threading
import time
from itertools import chain, repeat

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from scapi.media.background import Background
from scapi.media.renditions import making
from scapi.media.renditions.lulls import Lull
from scapi.settings import settings
from storage_backends import StorageError

PAUSE = 0.5
"""Seconds between two checks whether another process of this host still makes renditions."""

log = logging.getLogger(__name__)


class Maker:
    """Makes renditions in its own thread, in a lull between uploads or when a client asks for one."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lull, self._lock = Lull(), threading.Lock()
        self._thread = Background("renditions", self._run)

    def add(self) -> None:
        """Make the renditions of a new media soon."""
        with self._lock:
            self._lull.new(time.monotonic())
        self._thread.wake()

    def hurry(self) -> None:
        """Make the first renditions of the backlog now."""
        with self._lock:
            self._lull.ask()
        self._thread.wake()

    def stop(self) -> None:
        """Stop after the current media."""
        self._thread.stop()

    def _run(self) -> None:
        woken, over = self._thread.woken, self._thread.over
        while not over.is_set():
            left = self._left()
            if left == 0:
                self._make()
            else:
                woken.wait(left)
                woken.clear()

    def _left(self) -> float | None:
        with self._lock:
            return self._lull.left(time.monotonic())

    def _make(self) -> None:
        """Make renditions until none wait or the lull is over; if a client asked, those of one media at least."""
        over = self._thread.over
        with self._lock:
            asked, newest = self._lull.asked, self._lull.last
            self._lull.asked = False
        at_least = chain([asked], repeat(False))
        try:
            with self._app.app_context():
                mine = making.make_due(lambda: over.is_set() or not (next(at_least) or self._left() == 0))
        except (StorageError, SQLAlchemyError) as error:
            log.warning("renditions are made later, by housekeeping: %s", error)
            mine = True
        if not mine:  # another process of this host makes them, and may stop before all are made
            over.wait(PAUSE)
        with self._lock:
            if not mine:
                self._lull.asked |= asked
            elif self._lull.left(time.monotonic()) == 0:
                self._lull.made(newest)


def set_up(app: Flask) -> None:
    """Create the maker of this process."""
    app.extensions["scapi.renditions"] = Maker(app)


def make_soon() -> None:
    """Make the renditions of a new media soon, unless scapi is read-only."""
    if not settings.read_only:
        _maker().add()


def make_now() -> None:
    """Make the first renditions of the backlog now, unless scapi is read-only."""
    if not settings.read_only:
        _maker().hurry()


def _maker() -> Maker:
    maker: Maker = current_app.extensions["scapi.renditions"]
    return maker
