"""The statements of upload requests: each in its own transaction, on the engine of UPLOADS_BIND.

Every function uses the given connection, or gets one: getting a connection costs as much as a statement.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, or_, select, update

from scapi.database import UPLOADS_BIND, db, syncs_chunks
from scapi.settings import settings
from scapi.uploads import driver
from scapi.uploads.driver import Driver, Prepared
from scapi.uploads.keys import is_id
from scapi.uploads.models import Status, Upload


class UploadRow(NamedTuple):
    """The row of an upload. See `models.Upload`."""

    id: str
    user_id: int | None
    address: bytes | None
    filename: str
    mimetype: str
    total: int | None
    offset: int
    md5: bytes
    last_start: int
    md5_before: bytes
    md5_durable: bytes | None
    storage: str
    state: dict[str, Any]
    writer: int
    status: str
    claimed_until: datetime | None
    crashes: int
    refusal_code: str | None
    refusal_message: str | None
    created_at: datetime
    expires_at: datetime


_COLUMNS = [getattr(Upload, name) for name in UploadRow._fields]

_FIND = Prepared(select(*_COLUMNS).where(Upload.id == bindparam("of_id")))
_WRITER = Prepared(select(Upload.writer).where(Upload.id == bindparam("of_id"), Upload.status == Status.UPLOADING))
_TAKE_OVER = Prepared(
    update(Upload)
    .where(
        Upload.id == bindparam("of_id"),
        or_(Upload.user_id.is_(None), Upload.user_id == bindparam("of_user")),
        Upload.status == Status.UPLOADING,
    )
    .values(writer=Upload.writer + 1)
    .returning(*_COLUMNS)
)

CHANGEABLE = ("mimetype", "total", "offset", "md5", "last_start", "md5_before", "md5_durable", "state")
"""The columns that may change during an upload."""

_ADVANCE = Prepared(
    update(Upload)
    .where(
        Upload.id == bindparam("of_id"),
        Upload.writer == bindparam("known_writer"),
        # processes of 0.1.0, which may run beside this one, do not increment the writer
        Upload.offset == bindparam("known_offset"),
        Upload.total.is_not_distinct_from(bindparam("known_total")),
        Upload.status == Status.UPLOADING,
    )
    .values({"writer": Upload.writer + 1, **{name: bindparam(f"new_{name}") for name in CHANGEABLE}})
)

_ADD = insert(Upload)
_WRITE_AGAIN = update(Upload).where(Upload.id == bindparam("of_id")).values(status=Upload.status)


@contextmanager
def connected(connection: Driver | None = None) -> Iterator[Driver]:
    """Yield `connection`, or a new one if it is None."""
    if connection is not None:
        yield connection
    else:
        with driver.connected(db.engines[UPLOADS_BIND]) as own:
            yield own


def find(upload_id: str, connection: Driver | None = None) -> UploadRow | None:
    """Return the row of the upload, or None."""
    if not is_id(upload_id):
        return None
    with connected(connection) as shared:
        found = shared.fetch(_FIND, {"of_id": upload_id})
    return UploadRow(*found[0]) if found else None


def add(values: Mapping[str, Any]) -> None:
    """Insert the row of a new upload."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        connection.execute(_ADD, dict(values))


def advance(upload: UploadRow, values: Mapping[str, Any], connection: Driver | None = None) -> bool:
    """Change the row of an upload and increment its writer, unless it has changed since `upload` was read.

    `values` are columns of CHANGEABLE. Return whether the row was changed, which makes them official.
    """
    known = {
        "of_id": upload.id,
        "known_writer": upload.writer,
        "known_offset": upload.offset,
        "known_total": upload.total,
    }
    new = {f"new_{name}": values[name] if name in values else getattr(upload, name) for name in CHANGEABLE}
    with connected(connection) as shared:
        return shared.change(_ADVANCE, {**known, **new}) == 1


def take_over(upload_id: str, user_id: int | None) -> UploadRow | None:
    """Become the writer of an unfinished upload: earlier requests can store no byte from now on.

    Return its row with the new number; None, without a change, if this user has no such unfinished upload.
    """
    if not is_id(upload_id):
        return None
    with connected() as connection:
        found = connection.fetch(_TAKE_OVER, {"of_id": upload_id, "of_user": user_id})
    return UploadRow(*found[0]) if found else None


def writer(upload_id: str) -> int | None:
    """Return the number of the upload's writer; None if the upload has ended."""
    with connected() as connection:
        found = connection.fetch(_WRITER, {"of_id": upload_id})
    return int(found[0][0]) if found else None


def make_durable(upload: UploadRow) -> None:
    """Make the row survive a power cut, because the next steps rely on it.

    If `syncs_chunks` is false, a commit on the other engine syncs all earlier commits.
    """
    if not syncs_chunks(db.engine, settings):
        with db.engine.begin() as connection:
            connection.execute(_WRITE_AGAIN, {"of_id": upload.id})
