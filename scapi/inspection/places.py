"""Limits how many requests inspect a file or wait for that, in all and per client."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from scapi.inspection.outcomes import busy


class Rank(IntEnum):
    """The order of turns: quick jobs, then slow ones, then jobs that no client waits for."""

    IMAGE = 0
    DOCUMENT = 1
    BACKGROUND = 2


class Places:
    """At most `places` requests are inside at once, and `turns` of them have their file inspected.

    One client has at most half of each. A request waits for its turn for at most `patience` seconds. Thread-safe.
    """

    def __init__(self, places: int, turns: int, patience: float) -> None:
        self._places, self._turns, self._patience = places, turns, patience
        self._changed = threading.Condition()
        self._inside: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._waiting: list[tuple[Rank, float, str]] = []

    @contextmanager
    def entered(self, who: str) -> Iterator[None]:
        """Take a place for the client `who`, until the end of the context. Raises Refused at once if there is none."""
        with self._changed:
            if self._inside.total() >= self._places or self._inside[who] >= _half(self._places):
                raise busy("too many files are being inspected; try again in a moment")
            self._inside[who] += 1
        try:
            yield
        finally:
            with self._changed:
                _less(self._inside, who)

    @contextmanager
    def turn(self, who: str, rank: Rank) -> Iterator[None]:
        """Wait for a turn and keep it until the end of the context. Raises Refused."""
        mine = (rank, time.monotonic(), who)
        with self._changed:
            self._waiting.append(mine)
            try:
                if not self._changed.wait_for(lambda: self._next() is mine, self._patience):
                    raise busy("other files are being inspected; try again in a moment")
                self._running[who] += 1
            finally:
                self._waiting.remove(mine)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                _less(self._running, who)
                self._changed.notify_all()

    def _next(self) -> tuple[Rank, float, str] | None:
        """Return the waiting request that has the next turn; None while no turn is free."""
        if self._running.total() >= self._turns:
            return None
        ready = (waiting for waiting in self._waiting if self._running[waiting[2]] < _half(self._turns))
        return min(ready, default=None)


def _half(number: int) -> int:
    return max(1, number // 2)


def _less(counter: Counter[str], who: str) -> None:
    counter[who] -= 1
    if not counter[who]:
        del counter[who]
