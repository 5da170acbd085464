"""Circuit breaker: while the database is away, requests are refused at once; one request at a time tries it again.

Without it all threads of a worker would wait for a silent network, and could answer nothing else.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from time import monotonic

from sqlalchemy import Engine

from scapi.database.failures import READ_ONLY, DatabaseAway, sqlstate_of

ASK_EVERY = 1.0
"""Seconds between two attempts to reach a database that is away."""

SILENT = 1.0
"""An attempt that fails after this many seconds counts as silence. A quick failure needs no breaker."""

WAIT_FOR_ANSWER = 1.0
"""Seconds that other requests wait while one finds out whether only a connection broke or the database is away."""


class State(Enum):
    """What is known of the database: it answers, a connection broke, or it is away."""

    THERE = auto()
    DOUBTED = auto()
    AWAY = auto()


class Breaker:
    """What a process knows about its database. Shared by all threads and engines.

    Everyone may read `state`.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self.state = State.THERE
        self._is_asked = False
        self._ask_again_at = 0.0

    def refuse(self) -> None:
        """Raise DatabaseAway if the database is known to be away, unless it is time to try again."""
        with self._changed:
            if self.state is State.AWAY and not self._is_time():
                raise DatabaseAway("the database is away; the last attempt was a moment ago")

    def there(self) -> None:
        """Record that the database has answered."""
        if self.state is not State.THERE:
            self._learn(State.THERE)

    def doubt(self) -> None:
        """Record that a connection broke: the next caller to connect finds out why, and the others wait for it."""
        with self._changed:
            if self.state is State.THERE:
                self.state = State.DOUBTED

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Guard an attempt to connect. Raises DatabaseAway if another caller is trying already."""
        asks = self._is_admitted()
        began = self._clock()
        state = State.AWAY
        try:
            yield
            state = State.THERE
        except Exception:  # the driver's error is raised again; its delay shows whether the server is reachable
            if self._clock() - began < SILENT:
                state = State.THERE
            raise
        finally:
            if asks:
                self._is_asked = False
            self._learn(state)

    def _is_admitted(self) -> bool:
        """Return whether this caller makes the attempt; False if all may connect. Raises DatabaseAway."""
        with self._changed:
            if self.state is State.DOUBTED and self._is_asked:
                self._changed.wait_for(lambda: self.state is not State.DOUBTED, WAIT_FOR_ANSWER)
            if self.state is State.THERE:
                return False
            if self._is_asked or (self.state is State.AWAY and not self._is_time()):
                raise DatabaseAway("the database is away; another attempt is running")
            self._is_asked = True
            return True

    def _is_time(self) -> bool:
        return not self._is_asked and self._clock() >= self._ask_again_at

    def _learn(self, state: State) -> None:
        with self._changed:
            self.state = state
            self._ask_again_at = self._clock() + ASK_EVERY
            self._changed.notify_all()


def is_lost(engine: Engine, error: BaseException, *, broke: bool) -> bool:
    """Return whether an error means that all connections are unusable; `broke`: the one that raised it is."""
    if sqlstate_of(error) == READ_ONLY:
        return True  # after a failover the pool's connections lead to the new standby
    breaker: Breaker | None = getattr(engine.pool, "breaker", None)  # only a pool of PostgreSQL's connections has one
    if broke and breaker is not None:
        breaker.doubt()
    return broke
