"""The beginning of an upload: empty, or with the first bytes of its file."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from scapi import metrics
from scapi.database import now
from scapi.formats.filetypes import UNKNOWN
from scapi.settings import settings
from scapi.storage import storage
from scapi.uploads import caps, filenames, md5, naming, rules
from scapi.uploads.assembly import Progress
from scapi.uploads.models import Status
from scapi.uploads.rules import key_of, new_id
from storage_backends import State, StorageError


def create(
    user_id: int | None,
    filename: str,
    total: int | None = None,
    mimetype: str = UNKNOWN,
    *,
    upload_id: str | None = None,
    counted: Sequence[str] = (),
) -> Progress:
    """Create an upload without bytes, and return its progress at offset 0.

    `filename` is the name that the client sent, `total` the size of the file in bytes, if known. The first bytes that
    `append.stream` stores decide the type of the file, and whether it is accepted. `mimetype` may be PARTIAL for a
    piece of a file, whose bytes do not show a type. `upload_id` is set if the id was made before. `counted` are
    unfinished uploads whose bytes this one takes over.

    Raises Refused: `file_too_large`, and those of `caps` (`too_many_uploads`, `too_many_upload_bytes`,
    `quota_exceeded`, `file_too_large`). Raises StorageError.
    """
    check_size(total or 0, mimetype)
    caps.check(user_id, total, mimetype, counted)
    return insert(user_id, filename, total, mimetype, upload_id=upload_id, counted=counted)


def insert(
    user_id: int | None,
    filename: str,
    total: int | None,
    mimetype: str,
    store: Callable[[State], dict[str, Any]] = lambda _state: {},
    *,
    upload_id: str | None = None,
    counted: Sequence[str] = (),
) -> Progress:
    """Begin the upload in the storage and insert its row. The caller has checked the limits.

    `store` may write the first bytes of the file; it gets the state, and returns the columns that differ from those of
    an empty file. Raises Refused and StorageError.
    """
    upload_id, created_at, empty = upload_id or new_id(), now(), md5.start()
    expires_at = created_at + timedelta(seconds=settings.upload_ttl)
    filename = filenames.clean(filename)
    state = storage.named(storage.start(key_of(upload_id), mimetype), naming.disposition(filename, mimetype))
    try:
        values: dict[str, Any] = {
            "id": upload_id,
            "user_id": user_id,
            "filename": filename,
            "mimetype": mimetype,
            "total": total,
            "offset": 0,
            "md5": empty,
            "last_start": 0,
            "md5_before": empty,
            "md5_durable": empty,
            "state": state,
            "status": Status.UPLOADING,
            "created_at": created_at,
            "expires_at": expires_at,
            **store(state),
        }
        caps.add(values, counted)
    except BaseException:
        with suppress(StorageError):  # the sweeper finds leftovers that could not be removed
            storage.abort(state)
        raise
    metrics.UPLOADS_BEGUN.inc()
    return Progress(upload_id, values["offset"], total, expires_at)


def check_size(size: int, mimetype: str) -> None:
    """Refuse a file of `size` bytes that is larger than the limit of its type."""
    rules.check_size(size, mimetype, settings.max_image_bytes, settings.max_document_bytes)
