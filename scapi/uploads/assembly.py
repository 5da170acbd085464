"""Gives a request exclusive access to an upload, with its current row and all bytes that the row counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from scapi.database import now
from scapi.storage import name_in_use, using
from scapi.uploads import ending, recovery, rows, rules
from scapi.uploads.models import Status
from scapi.uploads.rows import Driver, UploadRow
from scapi.uploads.rules import key_of
from storage_backends import NotFound, StorageBackend


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an upload: `offset` bytes of `total` (None: not known yet) are safely stored."""

    upload_id: str
    offset: int
    total: int | None
    expires_at: datetime

    @classmethod
    def of(cls, upload: UploadRow) -> Self:
        """Return the progress in the row of an upload."""
        return cls(upload.id, upload.offset, upload.total, upload.expires_at)

    @property
    def is_whole(self) -> bool:
        """Whether all bytes of the file have arrived."""
        return self.offset == self.total


@contextmanager
def entered(upload_id: str, user_id: int | None, connection: Driver | None = None) -> Iterator[UploadRow]:
    """Give one request at a time access to an upload; yield its row, after checking that all its bytes exist.

    Must not be held while waiting for a client. Raises Refused and StorageError. If the block raises NotFound, the
    storage has lost bytes of this row: the upload ends, with `upload_gone`.
    """
    place, key = name_in_use(), key_of(upload_id)
    while True:
        with using(place) as storage, storage.exclusive(key), rows.connected(connection) as shared:
            upload = find(upload_id, user_id, shared)
            if upload.storage == place:
                rules.check_alive(upload, now())
                try:
                    if _has_its_bytes(upload, storage, shared):
                        yield upload
                        return
                except NotFound as error:
                    raise ending.gone(upload) from error
            place = upload.storage  # it began in another storage, which has its lock


def _has_its_bytes(upload: UploadRow, storage: StorageBackend, connection: Driver) -> bool:
    """Return whether the storage has all bytes that the row counts. If not, the row has changed: read it again."""
    if upload.status != Status.UPLOADING:
        return True
    try:
        doubt = storage.doubtful(upload.state)
    except NotFound:
        if rows.find(upload.id, connection) == upload:
            raise
        return False  # another request has finished or aborted it
    if doubt is None:
        return True
    recovery.recover(upload, doubt, connection)
    return False


def find(upload_id: str, user_id: int | None, connection: Driver | None = None) -> UploadRow:
    """Return the upload's row if this user may use it. Raises Refused."""
    return rules.accessible(rows.find(upload_id, connection), user_id)
