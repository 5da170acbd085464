"""The rules for the next request of an upload: its id, its position in the file, what the row allows. No I/O."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol, Self, TypeVar

from scapi.formats import filetypes
from scapi.refusals import Refused

MAX_OFFSET = 2**63 - 1
"""The largest offset that the database can store; file systems and S3 allow less."""

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_CONTENT_RANGE = re.compile(r"\s*bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)\s*", re.ASCII | re.IGNORECASE)
_OFFSET = re.compile(r"\d{1,19}", re.ASCII)


def new_id() -> str:
    """Return an id that cannot be guessed."""
    return uuid.uuid4().hex


def is_id(text: str) -> bool:
    """Return whether `text`, which may come from a client, can be the id of an upload."""
    return _ID.fullmatch(text) is not None


def key_of(upload_id: str) -> str:
    """Return the storage key at which the upload's file is published.

    Raises Refused (`upload_not_found`) for a text that cannot be an upload's id.
    """
    if not is_id(upload_id):
        raise Refused("upload_not_found", "there is no such upload")
    return f"{upload_id[:2]}/{upload_id}"


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


def _bad_range(message: str) -> Refused:
    return Refused("invalid_content_range", message)


def check_length(position: Position, size: int) -> None:
    """Refuse a chunk of `size` bytes if it is empty, or if its Content-Range declares another size."""
    if size == 0:
        raise Refused("empty_chunk", "the chunk is empty; a file part with at least one byte was expected")
    if position.end is not None and size != position.end - position.start:
        expected = position.end - position.start
        raise Refused("length_mismatch", f"Content-Range says {expected} bytes; the chunk has {size}")


class Official(Protocol):
    """The needed columns of an upload's row."""

    @property
    def user_id(self) -> int | None: ...
    @property
    def total(self) -> int | None: ...
    @property
    def offset(self) -> int: ...
    @property
    def last_start(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def refusal_code(self) -> str | None: ...
    @property
    def refusal_message(self) -> str | None: ...


Row = TypeVar("Row", bound=Official)


def accessible(upload: Row | None, user_id: int | None) -> Row:
    """Return the upload if it exists for this user. Raises Refused."""
    if upload is None:
        raise Refused("upload_not_found", "there is no such upload")
    check_access(upload, user_id)
    return upload


def check_access(upload: Official, user_id: int | None) -> None:
    """Refuse an upload that was aborted, or that belongs to another user.

    For other users the answer is the same as for a missing upload.
    """
    if upload.status == "aborted" or upload.user_id not in (None, user_id):
        raise Refused("upload_not_found", "there is no such upload")


def check_alive(upload: Official, moment: datetime) -> None:
    """Refuse an upload that has expired, or whose file was refused (with the same answer again)."""
    if upload.status == "refused":
        raise Refused(
            upload.refusal_code or "refused_by_check", upload.refusal_message or "this file was refused by a check"
        )
    if upload.status == "expired" or (upload.status == "uploading" and upload.expires_at <= moment):
        raise Refused("upload_expired", f"this upload has expired at {upload.expires_at:%Y-%m-%dT%H:%M:%SZ}")


def overlap(upload: Official, position: Position, *, resend: bool) -> int:
    """Return how many bytes of an append are stored already: 0 if it begins at the upload's offset.

    An append whose answer got lost is sent again, and may then be longer. With `resend`, an append may begin where the
    last one began; the hash shows whether its first bytes are the same. Every other start is refused.
    """
    if upload.status == "completed":
        raise Refused("upload_completed", "this upload is already completed", offset=str(upload.offset))
    if upload.total is not None and position.total not in (None, upload.total):
        raise Refused("total_mismatch", f"the upload has a total of {upload.total} bytes, not {position.total}")
    check_total(max(position.end or position.start, upload.offset), upload.total or position.total)
    if position.start == upload.offset:
        return 0
    if resend and position.start == upload.last_start and (position.end is None or position.end >= upload.offset):
        return upload.offset - position.start
    raise offset_mismatch(upload)


def check_total(end: int, total: int | None) -> None:
    """Refuse bytes whose `end` is beyond the total of the file."""
    if total is not None and end > total:
        raise Refused("total_mismatch", f"the file has {total} bytes in all; these bytes end at {end}")


def check_complete(upload: Official) -> None:
    """Refuse to complete an upload before it has all its bytes."""
    if upload.total is not None and upload.offset < upload.total:
        raise Refused(
            "upload_incomplete",
            f"{upload.offset} of {upload.total} bytes have arrived; go on from offset {upload.offset}",
            offset=str(upload.offset),
        )


def superseded(upload: Official) -> Refused:
    """Return the refusal of an append after a newer request for the same upload has taken over."""
    message = f"a newer request has taken this upload over; expected offset {upload.offset}"
    return Refused("superseded", message, offset=str(upload.offset))


def offset_mismatch(upload: Official) -> Refused:
    """Return the refusal of a chunk with an offset other than the expected one."""
    return Refused("offset_mismatch", f"expected offset {upload.offset}", offset=str(upload.offset))


def check_type(head: bytes) -> str:
    """Return the MIME type of the file that begins with `head`; UNKNOWN if `head` is too short."""
    mimetype = filetypes.sniff(head)
    if mimetype in (None, filetypes.HEIC) and not filetypes.is_enough(head):
        return filetypes.UNKNOWN
    if mimetype is None or mimetype not in (one.mimetype for one in filetypes.taken()):
        raise Refused("unsupported_file_type", filetypes.why_not(head))
    return mimetype


def check_size(size: int, mimetype: str, max_image_bytes: int, max_document_bytes: int) -> None:
    """Refuse a file of `size` bytes that is larger than the limit of its type."""
    limits = _size_limits(max_image_bytes, max_document_bytes)
    most = limits.get(mimetype, max(max_image_bytes, max_document_bytes))
    if size > most:
        raise Refused("file_too_large", f"the file has {size} bytes; the limit for {mimetype} is {most} bytes")


@lru_cache
def _size_limits(max_image_bytes: int, max_document_bytes: int) -> dict[str, int]:
    """Return the largest size of a file of each type."""
    images = {one.mimetype: filetypes.is_image(one.mimetype) for one in filetypes.TYPES}
    return {mimetype: max_image_bytes if is_image else max_document_bytes for mimetype, is_image in images.items()}
