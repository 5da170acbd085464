"""Limits how many slow requests of one client this process serves at a time: each occupies a thread."""

import threading
from collections import Counter
from collections.abc import Iterator

from scapi.http import callers
from scapi.refusals import Refused
from scapi.settings import settings

RETRY_AFTER = 5
"""Seconds after which a client with too many running requests may try again."""

MEMORY = 256 * 1024 * 1024
"""The approximate most bytes that all running requests hold together."""

LEAST = 1024 * 1024
"""Bytes that each of them may always hold."""

_lock = threading.Lock()
_under_way: Counter[str] = Counter()
_EVERYONE = "everyone"


def share() -> int:
    """Return the most bytes that one request may hold now."""
    return max(LEAST, MEMORY // max(1, _under_way[_EVERYONE]))


class Place:
    """The place of a request that waits for its client. Raises Refused if the client has no free place."""

    def __init__(self, user_id: int | None) -> None:
        self._names = [_EVERYONE]
        with _lock:
            _under_way[_EVERYONE] += 1
            for name, most in _limits(user_id):
                if _under_way[name] >= most:
                    self._give_back()
                    raise Refused(
                        "too_many_streams",
                        f"{most} requests of this client are running; wait until one has ended",
                        retry_after=RETRY_AFTER,
                    )
                _under_way[name] += 1
                self._names.append(name)

    def leave(self) -> None:
        """Free the place for another request of the client."""
        with _lock:
            self._give_back()

    def _give_back(self) -> None:
        for name in self._names:
            _under_way[name] -= 1
            if not _under_way[name]:
                del _under_way[name]
        self._names = []


def _limits(user_id: int | None) -> Iterator[tuple[str, int]]:
    if user_id is not None and settings.max_streams_per_user:
        yield f"user:{user_id}", settings.max_streams_per_user
    if settings.max_streams_per_address:
        yield f"address:{callers.network()}", settings.max_streams_per_address
