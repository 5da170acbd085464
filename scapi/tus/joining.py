"""Concatenation: the parts of a file, uploaded in parallel, become one upload.

This is the only case in which bytes are read again, because MD5 states cannot be joined. Each byte is read once,
without locks, and the limits apply to the file's size.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from flask import current_app
from sqlalchemy import or_, update

from scapi.database import db, now
from scapi.formats.filetypes import UNKNOWN
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.storage import of
from scapi.tus import resources
from scapi.tus.headers import Metadata
from scapi.tus.models import TusUpload
from scapi.tus.resources import State
from scapi.uploads import append, beginning, ending, rows
from scapi.uploads.models import Status
from scapi.uploads.rows import UploadRow
from scapi.uploads.rules import Position, key_of
from storage_backends import NotFound

LEASE = timedelta(seconds=60)
"""How long a request's claim of a final upload lasts. If the request dies, another can join the parts after that."""

READ_SIZE = 1024 * 1024
"""Bytes of a part to read at a time."""


def look(resource: TusUpload, user_id: int | None) -> State:
    """Return the state of a final upload; join its parts now if all are complete. Raises Refused, StorageError."""
    upload = rows.find(resource.id)
    if upload is None or upload.status == Status.UPLOADING:
        parts = _parts(resource)
        total = _total(parts)
        whole = total is not None and all(part.offset == part.total for part in parts)
        if total is None or not whole or settings.read_only or not _claim(resource):
            return State(resource, None, total, None)
        _join(resource, parts, total)
    return resources.look(resource, user_id)


def after_part(part: TusUpload) -> None:
    """Join the upload that waits for this part, if this was the last one. Its errors are reported to its own client."""
    final = db.session.get(TusUpload, part.final_id) if part.final_id else None
    if final is not None:
        try:
            look(final, final.user_id)
        except Refused as refusal:
            current_app.logger.info("upload %s cannot be joined: %s", final.id, refusal)


def _parts(resource: TusUpload) -> list[UploadRow]:
    found = {part: rows.find(part) for part in resource.parts or []}
    for part, upload in found.items():
        if upload is None or upload.status != Status.UPLOADING or upload.expires_at <= now():
            raise Refused("upload_gone", f"the partial upload {part} is not there any more")
    return [upload for part in resource.parts or [] if (upload := found[part]) is not None]


def _total(parts: list[UploadRow]) -> int | None:
    known = [part.total for part in parts if part.total is not None]
    return sum(known) if len(known) == len(parts) else None


def _claim(resource: TusUpload) -> bool:
    """Claim the final upload for this request; return False if another request is joining it."""
    free = or_(TusUpload.joined_until.is_(None), TusUpload.joined_until < now())
    claim = update(TusUpload).where(TusUpload.id == resource.id, free).values(joined_until=now() + LEASE)
    claimed = db.session.scalar(claim.returning(TusUpload.id))
    db.session.commit()
    return claimed is not None


def _join(resource: TusUpload, parts: list[UploadRow], total: int) -> None:
    """Write the bytes of the parts one after another, from where an earlier attempt stopped."""
    upload = rows.find(resource.id)
    offset = 0 if upload is None else upload.offset
    if upload is None:
        filename = Metadata.parse(resource.sent_metadata).filename
        counted = [part.id for part in parts]
        beginning.create(resource.user_id, filename, total, UNKNOWN, upload_id=resource.id, counted=counted)
    for part in {part.id: part for part in parts}.values():
        try:
            of(part.storage).finish(part.state)
        except NotFound as error:
            raise ending.gone(part) from error

    def source(_silent: Callable[[], None]) -> Iterable[bytes]:
        return _bytes(parts, offset)

    append.stream(resource.id, resource.user_id, Position(offset, total, total), source)
    for part in parts:
        if ending.end(part, Status.ABORTED):
            ending.clear_now_or_later(part)


def _bytes(parts: list[UploadRow], start: int) -> Iterator[bytes]:
    """Yield the bytes of the parts, one after another, from `start` on."""
    for part in parts:
        if start >= part.offset:
            start -= part.offset
            continue
        with of(part.storage).open(key_of(part.id), start) as file:
            while data := file.read(READ_SIZE):
                yield data
        start = 0
