"""Circuit breaker: while the database is away, requests are refused at once, and one at a time tries it again.

Without it every thread of a worker waits for a silent network, and nothing else is answered meanwhile.
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
"""Seconds after which a failed attempt counts as silence. A quick refusal needs no breaker: everyone may hear it."""

WAIT_FOR_ANSWER = 1.0
"""Seconds that the others wait while one finds out whether a connection broke or the database is away."""


class _State(Enum):
    THERE = auto()
    DOUBTED = auto()
    AWAY = auto()


class Breaker:
    """What a process knows of its database. Shared by all threads and engines."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._state = _State.THERE
        self._is_asked = False
        self._ask_again_at = 0.0

    def refuse(self) -> None:
        """Raise DatabaseAway if the database is known to be away, unless it is time to ask it again."""
        if self._state is _State.AWAY:
            with self._changed:
                if self._state is _State.AWAY and not self._is_time():
                    raise DatabaseAway("the database is away; it was asked a moment ago")

    def there(self) -> None:
        """Note that the database has answered."""
        if self._state is not _State.THERE:
            self._learn(_State.THERE)

    def doubt(self) -> None:
        """Note that a connection broke: the next one to connect finds out why, and the others wait for that."""
        with self._changed:
            if self._state is _State.THERE:
                self._state = _State.DOUBTED

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Stand around an attempt to connect. Raises DatabaseAway instead, if another one asks already."""
        asks = self._is_admitted()
        began = self._clock()
        state = _State.AWAY
        try:
            yield
            state = _State.THERE
        except Exception:  # whatever the driver raises goes on; how soon it came says whether the server is there
            if self._clock() - began < SILENT:
                state = _State.THERE
            raise
        finally:
            if asks:
                self._is_asked = False
            self._learn(state)

    def _is_admitted(self) -> bool:
        """Return whether this caller is the one that asks, False where everyone may connect. Raises DatabaseAway."""
        with self._changed:
            if self._state is _State.DOUBTED and self._is_asked:
                self._changed.wait_for(lambda: self._state is not _State.DOUBTED, WAIT_FOR_ANSWER)
            if self._state is _State.THERE:
                return False
            if self._is_asked or (self._state is _State.AWAY and not self._is_time()):
                raise DatabaseAway("the database is away; it is being asked")
            self._is_asked = True
            return True

    def _is_time(self) -> bool:
        return not self._is_asked and self._clock() >= self._ask_again_at

    def _learn(self, state: _State) -> None:
        with self._changed:
            self._state = state
            self._ask_again_at = self._clock() + ASK_EVERY
            self._changed.notify_all()
