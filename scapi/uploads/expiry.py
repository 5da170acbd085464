"""The sweeper's work on uploads: expired uploads, and leftovers of crashed requests in the storage.

It may run at any time, several times at once, and during uploads: a conditional UPDATE claims a row before its bytes
are removed, and everything may be removed twice.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice

from sqlalchemy import delete, or_

from scapi import storage as storages
from scapi.database import db, stream_keys
from scapi.storage import storage, using
from scapi.sweeping import Due, Task
from scapi.uploads import ending, rows
from scapi.uploads.keys import id_of
from scapi.uploads.models import Status, Upload
from scapi.uploads.rules import key_of
from storage_backends import Leftover, StorageBackend

BATCH = 500
"""The number of leftovers whose rows are looked up together."""


def expired(due: Due) -> Iterator[Task]:
    """Yield the expired uploads: their rows are ended and their bytes removed."""
    over = Upload.expires_at <= due.now
    if due.began_before is not None:
        over = or_(over, Upload.created_at <= due.began_before)
    for upload_id in stream_keys(Upload.id, (Upload.status == Status.UPLOADING) & over):
        yield Task(upload_id, partial(_expire, upload_id))


def ended(due: Due) -> Iterator[Task]:
    """Yield the rows of uploads that ended long ago.

    The bytes of an aborted or expired upload are removed again before its row: a request may have written after the
    first removal. The row of a completed upload stays as long as `complete` may be repeated.
    """
    over = Upload.expires_at <= due.left_before
    if due.began_before is not None:
        gone = Upload.status.in_((Status.ABORTED, Status.EXPIRED, Status.REFUSED))
        over = or_(over, gone & (Upload.created_at <= due.began_before))
    for upload_id in stream_keys(Upload.id, (Upload.status != Status.UPLOADING) & over):
        yield Task(upload_id, partial(_remove, upload_id))


def leftovers(due: Due) -> Iterator[Task]:
    """Yield objects of unfinished uploads, in all storages, that have no uploading row."""
    for name in storages.names():
        storage = storages.of(name)
        for leftover in left_behind(storage, due.left_before):
            yield Task(leftover.name, partial(storage.discard, leftover))


def left_behind(storage: StorageBackend, before: datetime) -> Iterator[Leftover]:
    """Yield objects of uploads in a storage that have no uploading row and were written before `before`."""
    found = storage.unfinished(before)
    while batch := list(islice(found, BATCH)):
        alive = _uploading({id_of(leftover.key) for leftover in batch})
        yield from (leftover for leftover in batch if id_of(leftover.key) not in alive)


def is_alive(leftover: Leftover) -> bool:
    """Return whether an uploading row exists for an object of an upload."""
    return bool(_uploading({id_of(leftover.key)}))


def _expire(upload_id: str) -> None:
    upload = rows.find(upload_id)
    if upload is None:
        return
    with using(upload.storage), storage.exclusive(key_of(upload_id)):
        upload = rows.find(upload_id)
        if upload is not None and ending.end(upload, Status.EXPIRED):
            ending.clear(upload)


def _remove(upload_id: str) -> None:
    upload = rows.find(upload_id)
    if upload is None:
        return
    if upload.status != Status.COMPLETED:
        ending.clear(upload)
    db.session.execute(delete(Upload).where(Upload.id == upload_id))
    db.session.commit()


def _uploading(upload_ids: set[str]) -> set[str]:
    condition = Upload.id.in_(upload_ids) & (Upload.status == Status.UPLOADING)
    return set(stream_keys(Upload.id, condition))
