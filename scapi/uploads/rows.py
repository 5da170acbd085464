"""The statements of the chunks' path: one read and one conditional write per chunk, each its own transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from scapi.database import UPLOADS_BIND, db, syncs_chunks
from scapi.settings import settings
from scapi.uploads.keys import is_id
from scapi.uploads.models import Status, Upload

# Made once: to build a statement costs more than to run it.
_FIND = select(Upload.__table__).where(Upload.id == bindparam("of_id"))
_ADD = insert(Upload)
_ADVANCE = update(Upload).where(
    Upload.id == bindparam("of_id"),
    Upload.offset == bindparam("at_offset"),
    Upload.total.is_not_distinct_from(bindparam("known_total")),
    Upload.status == Status.UPLOADING,
)

_WRITE_AGAIN = update(Upload).where(Upload.id == bindparam("of_id")).values(status=Upload.status)

_shared: ContextVar[Connection | None] = ContextVar("shared", default=None)


@contextmanager
def one_connection() -> Iterator[None]:
    """Let the statements inside share a connection: to get one costs as much as a statement.

    Each is still its own transaction. On PostgreSQL a connection is asked whether it still works when it is got.
    """
    with db.engines[UPLOADS_BIND].connect() as connection:
        token = _shared.set(connection)
        try:
            yield
        finally:
            _shared.reset(token)


@contextmanager
def _connection() -> Iterator[Connection]:
    shared = _shared.get()
    if shared is not None:
        yield shared
    else:
        with db.engines[UPLOADS_BIND].connect() as connection:
            yield connection


def find(upload_id: str) -> Row[Any] | None:
    """Return the row of the upload, with the columns of `Upload`, or None."""
    if not is_id(upload_id):
        return None
    with _connection() as connection:
        return connection.execute(_FIND, {"of_id": upload_id}).one_or_none()


def add(values: Mapping[str, Any]) -> None:
    """Insert the row of a new upload."""
    with _connection() as connection:
        connection.execute(_ADD, dict(values))


def advance(upload: Row[Any], values: Mapping[str, Any]) -> bool:
    """Change the row of an upload, if its offset and its total still are those of `upload`.

    Return whether they were, which makes `values` official.
    """
    known = {"of_id": upload.id, "at_offset": upload.offset, "known_total": upload.total}
    with _connection() as connection:
        changed = connection.execute(_ADVANCE, {**known, **values})
    return changed.rowcount == 1


def make_durable(upload: Row[Any]) -> None:
    """Make the row survive a power cut, because what is done next relies on it.

    Where `syncs_chunks` says that it does not by itself, a commit on the engine of everything else syncs all that was
    committed before.
    """
    if not syncs_chunks(db.engine, settings.storage):
        with db.engine.begin() as connection:
            connection.execute(_WRITE_AGAIN, {"of_id": upload.id})
