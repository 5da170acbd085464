"""Makes renditions in a thread of the web process, after the answer to the request that needs them."""

import logging
import threading
import time

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from scapi.media.background import Background
from scapi.media.renditions import making
from scapi.media.renditions.timing import Timing
from scapi.settings import settings
from storage_backends import StorageError

CHECK_EVERY = 0.5
"""Seconds between two checks whether another process of this host still makes renditions."""

log = logging.getLogger(__name__)


class Maker:
    """Makes renditions in its own thread, in a pause between uploads or when a client asks for one."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._timing, self._lock = Timing(), threading.Lock()
        self._thread = Background("renditions", self._run)

    def add(self) -> None:
        """Make the renditions of a new media soon."""
        with self._lock:
            self._timing.new(time.monotonic())
        self._thread.wake()

    def hurry(self) -> None:
        """Make the first renditions of the backlog now."""
        with self._lock:
            self._timing.ask()
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
            return self._timing.left(time.monotonic())

    def _make(self) -> None:
        """Make renditions until none wait or the pause is over; if a client asked, those of one media at least."""
        newest, goes_on = self._timing.last, False

        def stopped() -> bool:
            nonlocal goes_on
            with self._lock:
                goes_on = not self._thread.over.is_set() and self._timing.goes_on(time.monotonic())
            return not goes_on

        try:
            with self._app.app_context():
                mine = making.make_due(stopped)
        except (StorageError, SQLAlchemyError) as error:
            log.warning("renditions are made later, by housekeeping: %s", error)
            mine = goes_on = True
        if not mine:  # another process of this host makes them, and may stop before all are made
            self._thread.over.wait(CHECK_EVERY)
        elif goes_on:  # and nothing was left to make
            with self._lock:
                self._timing.made(newest)


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
