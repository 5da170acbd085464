"""How a file reaches its inspection: as a descriptor, or by ranges if it is not on a local disk."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

Ranges = Callable[[int, int], BinaryIO]
"""Takes an offset and a length, and returns a stream of these bytes; the caller closes it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of `size` bytes. Exactly one of `descriptor`, which the caller closes, and `ranges` is given."""

    size: int
    descriptor: int | None = None
    ranges: Ranges | None = None

    def head(self, length: int) -> bytes:
        """Return the first `length` bytes, fewer if the file is shorter."""
        length = min(length, self.size)
        if self.descriptor is not None:
            return os.pread(self.descriptor, length, 0)
        if self.ranges is None or not length:
            return b""
        with self.ranges(0, length) as stream:
            return stream.read(length)


def of_bytes(data: bytes) -> Source:
    """Return a file that is in memory."""
    return Source(len(data), ranges=lambda offset, length: io.BytesIO(data[offset : offset + length]))


def descriptor_of(stream: BinaryIO) -> int | None:
    """Return the descriptor of a file on local disk; None for any other stream."""
    try:
        descriptor = stream.fileno()
        return descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except (OSError, AttributeError):  # it has no descriptor
        return None
