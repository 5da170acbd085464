"""Circuit breaker: while the database is away, requests are refused at once; one request at a time tries it again.

Without it all threads of a worker would wait for a silent network, and could answer nothing else.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from time import monotonic

from scapi.database.failures import DatabaseAway

ASK_EVERY = 1.0
"""Seconds between two attempts to reach a database that is away."""

SILENT = 1.0
"""An attempt that fails after this many seconds counts as silence. A quick failure needs no breaker."""

WAIT_FOR_ANSWER = 1.0
"""Seconds that other requests wait while one finds out whether only a connection broke or the database is away."""


class _State(Enum):
    THERE = auto()
    DOUBTED = auto()
    AWAY = auto()


class Breaker:
    """What a process knows about its database. Shared by all threads and engines."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._state = _State.THERE
        self._is_asked = False
        self._ask_again_at = 0.0

    def refuse(self) -> None:
        """Raise DatabaseAway if the database is known to be away, unless it is time to try again."""
        if self._state is _State.AWAY:
            with self._changed:
                if self._state is _State.AWAY and not self._is_time():
                    raise DatabaseAway("the database is away; the last attempt was a moment ago")

    def there(self) -> None:
        """Record that the database has answered."""
        if self._state is not _State.THERE:
            self._learn(_State.THERE)

    def doubt(self) -> None:
        """Record that a connection broke: the next caller to connect finds out why, and the others wait for it."""
        with self._changed:
            if self._state is _State.THERE:
                self._state = _State.DOUBTED

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Guard an attempt to connect. Raises DatabaseAway if another caller is trying already."""
        asks = self._is_admitted()
        began = self._clock()
        state = _State.AWAY
        try:
            yield
            state = _State.THERE
        except Exception:  # the driver's error is raised again; its delay shows whether the server is reachable
            if self._clock() - began < SILENT:
                state = _State.THERE
            raise
        finally:
            if asks:
                self._is_asked = False
            self._learn(state)

    def _is_admitted(self) -> bool:
        """Return whether this caller makes the attempt; False if all may connect. Raises DatabaseAway."""
        with self._changed:
            if self._state is _State.DOUBTED and self._is_asked:
                self._changed.wait_for(lambda: self._state is not _State.DOUBTED, WAIT_FOR_ANSWER)
            if self._state is _State.THERE:
                return False
            if self._is_asked or (self._state is _State.AWAY and not self._is_time()):
                raise DatabaseAway("the database is away; another attempt is running")
            self._is_asked = True
            return True

    def _is_time(self) -> bool:
        return not self._is_asked and self._clock() >= self._ask_again_at

    def _learn(self, state: _State) -> None:
        with self._changed:
            self._state = state
            self._ask_again_at = self._clock() + ASK_EVERY
            self._changed.notify_all()
