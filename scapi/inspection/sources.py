"""How a file gets into the room: as a descriptor, or read by ranges where it is not on a local disk."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

Ranges = Callable[[int, int], BinaryIO]
"""Returns a stream of so many bytes from an offset on; the caller closes it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of `size` bytes. Exactly one of `descriptor`, which the caller closes, and `ranges` is given."""

    size: int
    descriptor: int | None = None
    ranges: Ranges | None = None


def of_bytes(data: bytes) -> Source:
    """Return a file that is in memory."""
    return Source(len(data), ranges=lambda offset, length: io.BytesIO(data[offset : offset + length]))


def descriptor_of(stream: BinaryIO) -> int | None:
    """Return the descriptor of a file on local disk, None for any other stream."""
    if not isinstance(stream, io.BufferedReader) or not isinstance(stream.raw, io.FileIO):
        return None
    return stream.fileno()
