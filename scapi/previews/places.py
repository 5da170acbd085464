"""Limits how many previews are made at the same time, and how long a request waits for its turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from time import monotonic

from scapi.previews.fetch import Unreachable

FIRST_GUESS = 1.0
"""The assumed seconds per preview before the first one was made."""

MEMORY = 0.8
"""The weight of earlier previews in the average time; the last one has the rest."""


class Busy(Unreachable):
    """All places are taken."""


class Places:
    """A number of places, each for one preview. A request that waits occupies a thread, like one that has a place."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = BoundedSemaphore(number)
        self._lock = Lock()
        self._waiting = 0
        self._usual = FIRST_GUESS

    @contextmanager
    def one(self, patience: float) -> Iterator[None]:
        """Take a place. Raises Busy after `patience` seconds, or at once if no place is expected to be free by then."""
        if not self._free.acquire(blocking=False):
            self._wait(patience)
        began = monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._usual = MEMORY * self._usual + (1 - MEMORY) * (monotonic() - began)
            self._free.release()

    def _wait(self, patience: float) -> None:
        with self._lock:
            turns = self._waiting // self._number  # rounds of all places before it is this one's turn
            hopeless = turns * self._usual > patience
            self._waiting += not hopeless
        if hopeless:
            raise Busy("too many pages are being fetched right now; try again")
        try:
            if not self._free.acquire(timeout=patience):
                raise Busy("too many pages are being fetched right now; try again")
        finally:
            with self._lock:
                self._waiting -= 1
