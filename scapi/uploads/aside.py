"""Buffers bytes of a request that cannot be stored yet: few in memory, many in a temporary file."""

import tempfile
from collections.abc import Iterator
from typing import IO

MOST_IN_MEMORY = 1024 * 1024
"""The most bytes to hold in memory."""


class Aside:
    """A buffer of bytes in order. `size` is their number."""

    def __init__(self) -> None:
        self.size = 0
        self._blocks: list[bytes] = []
        self._file: IO[bytes] | None = None

    def add(self, block: bytes) -> None:
        """Add bytes."""
        self.size += len(block)
        self._blocks.append(block)
        if self.size > MOST_IN_MEMORY:
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
        while block := self._file.read(MOST_IN_MEMORY):
            yield block
