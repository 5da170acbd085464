"""The statements of the chunks' path: one read and one conditional write per chunk, each its own transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from scapi.database import UPLOADS_BIND
from scapi.extensions import db
from scapi.uploads.models import Status, Upload

# Made once: to build a statement costs more than to run it.
_FIND = select(Upload.__table__).where(Upload.id == bindparam("of_id"))
_ADD = insert(Upload)
_ADVANCE = update(Upload).where(
    Upload.id == bindparam("of_id"), Upload.offset == bindparam("at_offset"), Upload.status == Status.UPLOADING
)


def find(upload_id: str) -> Row[Any] | None:
    """Return the row of the upload, with the columns of `Upload`, or None."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        return connection.execute(_FIND, {"of_id": upload_id}).one_or_none()


def add(values: Mapping[str, Any]) -> None:
    """Insert the row of a new upload."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        connection.execute(_ADD, dict(values))


def advance(upload_id: str, offset: int, values: Mapping[str, Any]) -> bool:
    """Change the row of an upload if it still is at `offset`; return whether it was, which makes `values` official."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        changed = connection.execute(_ADVANCE, {"of_id": upload_id, "at_offset": offset, **values})
    return changed.rowcount == 1
