"""The statements of the uploads' path: each its own transaction, on the engine of UPLOADS_BIND.

Every function takes a connection to share, or gets one for itself: to get one costs as much as a statement.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from scapi.database import UPLOADS_BIND, db, syncs_chunks
from scapi.settings import settings
from scapi.uploads.keys import is_id
from scapi.uploads.models import Status, Upload

# Made once: to build a statement costs more than to run it.
_FIND = select(Upload.__table__).where(Upload.id == bindparam("of_id"))
_ADD = insert(Upload)
_ADVANCE = update(Upload).where(
    Upload.id == bindparam("of_id"),
    Upload.writer == bindparam("known_writer"),
    # processes of 0.1.0, which may run beside this one, do not count the writer up
    Upload.offset == bindparam("at_offset"),
    Upload.total.is_not_distinct_from(bindparam("known_total")),
    Upload.status == Status.UPLOADING,
)
_TAKE_OVER = (
    update(Upload)
    .where(
        Upload.id == bindparam("of_id"),
        or_(Upload.user_id.is_(None), Upload.user_id == bindparam("of_user")),
        Upload.status == Status.UPLOADING,
    )
    .values(writer=Upload.writer + 1)
    .returning(*Upload.__table__.columns)
)
_WRITER = select(Upload.writer).where(Upload.id == bindparam("of_id"), Upload.status == Status.UPLOADING)

_WRITE_AGAIN = update(Upload).where(Upload.id == bindparam("of_id")).values(status=Upload.status)


@contextmanager
def connected(connection: Connection | None = None) -> Iterator[Connection]:
    """Give `connection`, or a new one without any: each statement on it is a transaction of its own."""
    if connection is not None:
        yield connection
    else:
        with db.engines[UPLOADS_BIND].connect() as own:
            yield own


def find(upload_id: str, connection: Connection | None = None) -> Row[Any] | None:
    """Return the row of the upload, with the columns of `Upload`, or None."""
    if not is_id(upload_id):
        return None
    with connected(connection) as shared:
        return shared.execute(_FIND, {"of_id": upload_id}).one_or_none()


def add(values: Mapping[str, Any]) -> None:
    """Insert the row of a new upload."""
    with connected() as connection:
        connection.execute(_ADD, dict(values))


def advance(upload: Row[Any], values: Mapping[str, Any], connection: Connection | None = None) -> bool:
    """Change the row of an upload, if nobody has changed it since `upload` was read, and count its writer up.

    Return whether that was so, which makes `values` official.
    """
    known = {"of_id": upload.id, "known_writer": upload.writer, "at_offset": upload.offset, "known_total": upload.total}
    with connected(connection) as shared:
        changed = shared.execute(_ADVANCE, {**known, "writer": upload.writer + 1, **values})
    return changed.rowcount == 1


def take_over(upload_id: str, user_id: int | None) -> Row[Any] | None:
    """Become the writer of an unfinished upload: no request that began before can store a byte from now on.

    Return its row with the new number; None, changing nothing, where this user has no such unfinished upload.
    """
    if not is_id(upload_id):
        return None
    with connected() as connection:
        return connection.execute(_TAKE_OVER, {"of_id": upload_id, "of_user": user_id}).one_or_none()


def writer(upload_id: str) -> int | None:
    """Return the number of the upload's writer, None where the upload has ended."""
    with connected() as connection:
        return connection.execute(_WRITER, {"of_id": upload_id}).scalar()


def make_durable(upload: Row[Any]) -> None:
    """Make the row survive a power cut, because what is done next relies on it.

    Where `syncs_chunks` says that it does not by itself, a commit on the engine of everything else syncs all that was
    committed before.
    """
    if not syncs_chunks(db.engine, settings):
        with db.engine.begin() as connection:
            connection.execute(_WRITE_AGAIN, {"of_id": upload.id})
