"""Hashing beside other work: an MD5 takes as long as storing the same bytes, or longer."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Protocol

from scapi.uploads import md5

WORTHWHILE = 1024 * 1024
"""Bytes of a chunk for which a thread of its own costs less than it saves."""


class Hashed(Protocol):
    """The MD5 of the bytes up to the end of a chunk, which may still be in the making."""

    def state(self) -> bytes:
        """Wait until all bytes are hashed and return the state after them."""


class Hashing:
    """The MD5 of a chunk that comes after `before`, carried on in a thread while its caller does something else."""

    def __init__(self, before: bytes) -> None:
        self.before = before
        self._md5 = md5.after(before)
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def update(self, data: bytes) -> None:
        """Hash some more bytes soon."""
        self._last = self._thread.submit(self._md5.update, data)

    def state(self) -> bytes:
        """Wait until all bytes are hashed and return the state after them."""
        if self._last:
            self._last.result()
        self._thread.shutdown()
        return self._md5.state()


_helper = ThreadPoolExecutor(1)
"""Hashes one small chunk at a time. Where many come at once, the processors are busy, and more threads do not help."""

_helper_lock = Lock()
"""Held while the helper has something to do."""


class _Helped:
    def __init__(self, before: bytes, blocks: Iterable[bytes]) -> None:
        self._md5 = md5.after(before)
        self._done = _helper.submit(self._hash, blocks)

    def _hash(self, blocks: Iterable[bytes]) -> None:
        try:
            for block in blocks:
                self._md5.update(block)
        finally:
            _helper_lock.release()

    def state(self) -> bytes:
        self._done.result()
        return self._md5.state()


def begin(before: bytes, blocks: Iterable[bytes], size: int) -> Hashed:
    """Begin to hash a chunk of `size` bytes that comes after `before`, beside what the caller does next if possible."""
    if size < WORTHWHILE and _helper_lock.acquire(blocking=False):
        return _Helped(before, blocks)
    hashing = md5.after(before) if size < WORTHWHILE else Hashing(before)
    for block in blocks:
        hashing.update(block)
    return hashing
