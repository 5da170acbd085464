"""Where a chunk belongs: Content-Range, the form's `offset`, and the span of bytes they stand for."""

import re
from dataclasses import dataclass
from typing import Self

from scapi.refusals import Refused

MAX_OFFSET = 2**63 - 1
"""Largest offset that the database keeps, and a file system or S3 could think of."""

_CONTENT_RANGE = re.compile(r"\s*bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)\s*", re.ASCII | re.IGNORECASE)
_OFFSET = re.compile(r"\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to, but not including, `end` of a file of `total` bytes (None: not known yet)."""

    start: int
    end: int
    total: int | None

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.end - self.start

    @classmethod
    def of_chunk(cls, size: int, content_range: str | None, offset: str | None) -> Self:
        """Return the span of a chunk of `size` bytes.

        The position comes from the Content-Range header (RFC 9110, section 14.4, whose last byte is inclusive), else
        from the form field `offset`; when neither is there, the chunk is the whole file. Raises Refused.
        """
        if size == 0:
            raise Refused("empty_chunk", "the chunk is empty; a file part with at least one byte was expected")
        if content_range:
            return cls._of_content_range(size, content_range)
        if offset:
            if not _OFFSET.fullmatch(offset):
                raise Refused(
                    "invalid_offset", f"offset must be a number of bytes, not {offset[:40]!r}", field="offset"
                )
            return cls._checked(int(offset), int(offset) + size, None)
        return cls(0, size, size)

    @classmethod
    def _of_content_range(cls, size: int, content_range: str) -> Self:
        match = _CONTENT_RANGE.fullmatch(content_range)
        if not match:
            raise _bad_range(f'Content-Range must look like "bytes 0-204799/1048576", not {content_range[:80]!r}')
        first, last = int(match[1]), int(match[2])
        total = None if match[3] == "*" else int(match[3])
        if last < first:
            raise _bad_range(f"Content-Range is reversed: its last byte {last} comes before its first {first}")
        if total is not None and last >= total:
            raise _bad_range(f"Content-Range ends at byte {last}, beyond its own total of {total} bytes")
        if last - first + 1 != size:
            raise Refused("length_mismatch", f"Content-Range speaks of {last - first + 1} bytes, the chunk has {size}")
        return cls._checked(first, last + 1, total)

    @classmethod
    def _checked(cls, start: int, end: int, total: int | None) -> Self:
        if max(end, total or 0) > MAX_OFFSET:
            raise Refused("file_too_large", "no file can be that large")
        return cls(start, end, total)


def _bad_range(message: str) -> Refused:
    return Refused("invalid_content_range", message)
