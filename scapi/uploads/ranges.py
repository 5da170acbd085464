"""The position of a chunk: Content-Range and the form's `offset`. No I/O."""

import re
from dataclasses import dataclass
from typing import Self

from scapi.refusals import Refused

MAX_OFFSET = 2**63 - 1
"""The largest offset that the database can store; file systems and S3 allow less."""

_CONTENT_RANGE = re.compile(r"\s*bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)\s*", re.ASCII | re.IGNORECASE)
_OFFSET = re.compile(r"\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """Where the bytes of a request begin and end in the file, and the total size of the file.

    `end` is exclusive. None: not known until the request has arrived.
    """

    start: int
    end: int | None = None
    total: int | None = None

    def __post_init__(self) -> None:
        if max(self.start, self.end or 0, self.total or 0) > MAX_OFFSET:
            raise Refused("file_too_large", "no file can be that large")

    @classmethod
    def parse(cls, content_range: str | None, offset: str | None) -> Self | None:
        """Parse the Content-Range header (RFC 9110, section 14.4), or else the form field `offset`.

        The last byte of Content-Range is inclusive. Returns None if both are missing. Raises Refused.
        """
        if content_range:
            return cls._of_content_range(content_range)
        if not offset:
            return None
        if not _OFFSET.fullmatch(offset):
            raise Refused("invalid_offset", f"offset must be a number of bytes, not {offset[:40]!r}", field="offset")
        return cls(int(offset))

    @classmethod
    def _of_content_range(cls, content_range: str) -> Self:
        match = _CONTENT_RANGE.fullmatch(content_range)
        if not match:
            raise _bad_range(f'Content-Range must look like "bytes 0-204799/1048576", not {content_range[:80]!r}')
        first, last = int(match[1]), int(match[2])
        total = None if match[3] == "*" else int(match[3])
        if last < first:
            raise _bad_range(f"Content-Range is reversed: its last byte {last} comes before its first {first}")
        if total is not None and last >= total:
            raise _bad_range(f"Content-Range ends at byte {last}, beyond its own total of {total} bytes")
        return cls(first, last + 1, total)

    def of_size(self, size: int) -> Self:
        """Return the position of a chunk of `size` bytes. Raises Refused if a different size was declared."""
        check_length(self, size)
        return type(self)(self.start, self.start + size, self.total)


def check_length(position: Position, size: int) -> None:
    """Refuse a chunk of `size` bytes if it is empty, or if its Content-Range declares another size."""
    if size == 0:
        raise Refused("empty_chunk", "the chunk is empty; a file part with at least one byte was expected")
    if position.end is not None and size != position.end - position.start:
        expected = position.end - position.start
        raise Refused("length_mismatch", f"Content-Range says {expected} bytes; the chunk has {size}")


def _bad_range(message: str) -> Refused:
    return Refused("invalid_content_range", message)
