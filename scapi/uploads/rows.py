"""The statements of the chunks' path: one read and one conditional write per chunk, each its own transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from scapi.database import UPLOADS_BIND
from scapi.extensions import db
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


def find(upload_id: str) -> Row[Any] | None:
    """Return the row of the upload, with the columns of `Upload`, or None."""
    if not is_id(upload_id):
        return None
    with db.engines[UPLOADS_BIND].connect() as connection:
        return connection.execute(_FIND, {"of_id": upload_id}).one_or_none()


def add(values: Mapping[str, Any]) -> None:
    """Insert the row of a new upload."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        connection.execute(_ADD, dict(values))


def advance(upload: Row[Any], values: Mapping[str, Any]) -> bool:
    """Change the row of an upload, if its offset and its total still are those of `upload`.

    Return whether they were, which makes `values` official.
    """
    known = {"of_id": upload.id, "at_offset": upload.offset, "known_total": upload.total}
    with db.engines[UPLOADS_BIND].connect() as connection:
        changed = connection.execute(_ADVANCE, {**known, **values})
    return changed.rowcount == 1


def make_durable(upload: Row[Any]) -> None:
    """Make the row survive a power cut: what is done next relies on it. SQLite does not see to that by itself for chunks.

    `scapi.database.set_up` says why. A commit on the engine of everything else syncs all that was committed before.
    """
    if db.engine.dialect.name == "sqlite":
        with db.engine.begin() as connection:
            connection.execute(_WRITE_AGAIN, {"of_id": upload.id})
