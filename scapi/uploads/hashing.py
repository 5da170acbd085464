"""Hashing beside other work: an MD5 takes longer than receiving or storing the same bytes."""

from concurrent.futures import Future, ThreadPoolExecutor

from scapi.uploads import md5

WORTHWHILE = 1024 * 1024
"""Bytes of a chunk for which a thread of its own costs less than it saves."""


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
