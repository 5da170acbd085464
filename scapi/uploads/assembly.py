"""How chunks become a file: bytes first, row second."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from scapi import metrics
from scapi.database import now
from scapi.formats.filetypes import SIGNATURE_SIZE
from scapi.http.forms import Blocks
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.storage import storage
from scapi.uploads import caps, filenames, hashing, md5, recovery, rows, rules
from scapi.uploads.hashing import Hashed, Hashing
from scapi.uploads.keys import key_of, new_id
from scapi.uploads.models import Status
from scapi.uploads.ranges import Span
from storage_backends import NotFound, State, StorageError


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes of a chunk and the name that its client gives the file. `hashing` is what was begun meanwhile."""

    filename: str
    content: Blocks
    hashing: Hashing | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk as it came, and where in the file its bytes belong."""

    received: Received
    span: Span
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload has come: `offset` bytes are safely stored."""

    upload_id: str
    offset: int
    expires_at: datetime


def begin(chunk: Chunk) -> Progress:
    """Store the first chunk of a new upload. Raises Refused and StorageError."""
    span = chunk.span
    if span.start != 0:
        raise Refused("offset_mismatch", "without an upload_id a chunk begins at offset 0", offset="0")
    mimetype = rules.check_type(chunk.received.content.head(SIGNATURE_SIZE))
    _check_size(span, mimetype)
    caps.check(chunk.user_id, span.total, mimetype)
    upload_id, created_at, empty = new_id(), now(), md5.start()
    expires_at = created_at + timedelta(seconds=settings.upload_ttl)
    state = storage.start(key_of(upload_id), mimetype)
    try:
        caps.add(
            {
                "id": upload_id,
                "user_id": chunk.user_id,
                "filename": filenames.clean(chunk.received.filename),
                "mimetype": mimetype,
                "total": span.total,
                "status": Status.UPLOADING,
                "created_at": created_at,
                "expires_at": expires_at,
                "md5_durable": empty,
                **_store(chunk, state, empty),
            }
        )
    except BaseException:
        with suppress(StorageError):  # the sweeper finds what could not be removed
            storage.abort(state)
        raise
    metrics.UPLOADS_BEGUN.inc()
    return Progress(upload_id, span.end, expires_at)


def go_on(upload_id: str, chunk: Chunk) -> Progress:
    """Store the next chunk of an upload. Raises Refused and StorageError.

    The chunk that was stored last may come again: it is answered like the first time, and nothing is stored twice.
    """
    with entered(upload_id, chunk.user_id) as upload:
        progress = _take(upload, chunk)
    return progress or go_on(upload_id, chunk)  # another writer was first: the row now says what to answer


@contextmanager
def entered(upload_id: str, user_id: int | None) -> Iterator[Row[Any]]:
    """Let one request at a time go on with an upload; give it the row, of which every byte is there.

    Raises Refused and StorageError.
    """
    while True:
        with storage.exclusive(key_of(upload_id)), rows.one_connection():
            upload = find(upload_id, user_id)
            rules.check_alive(upload, now())
            if not recovery.settle(upload):
                yield upload
                return


def find(upload_id: str, user_id: int | None) -> Row[Any]:
    """Return the upload's row for who may go on with it. Raises Refused."""
    upload = rows.find(upload_id)
    if upload is None:
        raise Refused("upload_not_found", "there is no such upload")
    rules.check_access(upload, user_id)
    return upload


def _take(upload: Row[Any], chunk: Chunk) -> Progress | None:
    """Store a chunk of the upload, unless it is the last one again; None if another writer was first."""
    span = chunk.span
    if rules.is_repeat(upload, span):
        if _hashed(chunk, upload.md5_before).state() != upload.md5:
            raise rules.offset_mismatch(upload)
        return Progress(upload.id, upload.offset, upload.expires_at)
    _check_size(span, upload.mimetype)
    try:
        values = _store(chunk, upload.state, upload.md5)
    except NotFound:
        if rows.find(upload.id) == upload:
            raise
        return None
    if upload.total is None:
        values["total"] = span.total
    return Progress(upload.id, span.end, upload.expires_at) if rows.advance(upload, values) else None


def _store(chunk: Chunk, state: State, md5_before: bytes) -> dict[str, Any]:
    """Write the chunk's bytes and return the columns that make them official."""
    span = chunk.span
    hashed = _hashed(chunk, md5_before)
    written = storage.write(state, span.start, chunk.received.content.stream(), span.size)
    metrics.RECEIVED_BYTES.inc(span.size)
    values = {
        "state": written,
        "offset": span.end,
        "md5": hashed.state(),
        "last_start": span.start,
        "md5_before": md5_before,
    }
    return {**values, "md5_durable": values["md5"]} if storage.is_durable(written) else values


def _hashed(chunk: Chunk, before: bytes) -> Hashed:
    """Return the MD5 of the chunk after `before`: what was begun while it came in, if the guess was right."""
    begun = chunk.received.hashing
    if begun and begun.before == before:
        return begun
    return hashing.begin(before, chunk.received.content.blocks, chunk.span.size)


def _check_size(span: Span, mimetype: str) -> None:
    size = span.end if span.total is None else span.total
    rules.check_size(size, mimetype, settings.max_image_bytes, settings.max_document_bytes)
