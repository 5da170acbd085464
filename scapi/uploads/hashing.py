"""Hashing in a helper thread: an MD5 takes as long as storing the same bytes, or longer."""

import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from scapi.uploads import md5

WORTHWHILE = 1024 * 1024
"""From this number of bytes on, another thread saves more than it costs."""

_threads = ThreadPoolExecutor(os.cpu_count() or 1, "hashing")
"""Shared by all requests of the process: more threads than processors would not be faster."""


class Hashing:
    """The MD5 of the bytes after `before`: many bytes are hashed in another thread, few at the end."""

    def __init__(self, before: bytes) -> None:
        self._md5 = md5.after(before)
        self._waiting: list[bytes] = []
        self._size = 0
        self._running: Future[None] | None = None
        self._lock = threading.Lock()

    def update(self, data: bytes) -> None:
        """Add bytes, to be hashed now or later."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= WORTHWHILE and (self._running is None or self._running.done()):
            self._hash_beside()

    def state(self) -> bytes:
        """Return the state after all bytes so far; wait until they are hashed. More may follow."""
        if self._running:
            self._running.result()
            self._running = None
        self._hash(deque(self._taken()))
        return self._md5.state()

    def _hash_beside(self) -> None:
        if self._running:
            self._running.result()
        blocks = deque(self._taken())
        try:
            self._running = _threads.submit(self._hash, blocks)
        except RuntimeError:  # no thread can be started; one that runs already may come to these blocks, too
            self._running = None
            self._hash(blocks)

    def _taken(self) -> list[bytes]:
        blocks, self._waiting, self._size = self._waiting, [], 0
        return blocks

    def _hash(self, blocks: deque[bytes]) -> None:
        """Hash each of these blocks once, whoever else is given them."""
        with self._lock:
            while blocks:
                self._md5.update(blocks.popleft())
