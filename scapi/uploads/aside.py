"""Buffers bytes of a request that cannot be stored yet: in memory if they are few, or few requests do it now."""

import tempfile
from collections.abc import Iterator
from threading import Semaphore
from typing import IO
from weakref import finalize

SMALL = 1024 * 1024
"""Bytes that every buffer may hold in memory."""

LARGE = 4
"""Buffers of this process that may hold more in memory. Others use a temporary file: a tenth of such a request's time.
"""

_large = Semaphore(LARGE)


class Aside:
    """A buffer of bytes in order. `size` is their number."""

    def __init__(self) -> None:
        self.size = 0
        self._blocks: list[bytes] = []
        self._is_large = False
        self._file: IO[bytes] | None = None

    def add(self, block: bytes) -> None:
        """Add bytes."""
        self.size += len(block)
        self._blocks.append(block)
        if self.size > SMALL and not self._may_be_large():
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is gone with this object
            self._file.writelines(self._blocks)
            self._blocks = []

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes from the beginning."""
        if self._file is None:
            yield from self._blocks
            return
        self._file.seek(0)
        while block := self._file.read(SMALL):
            yield block

    def _may_be_large(self) -> bool:
        if not self._is_large and self._file is None and _large.acquire(blocking=False):
            self._is_large = True
            finalize(self, _large.release)
        return self._is_large
