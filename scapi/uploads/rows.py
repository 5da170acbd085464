"""The statements of the chunks' path: one read and one conditional write per chunk, each its own transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Row, insert, select, update

from scapi.database import UPLOADS_BIND
from scapi.extensions import db
from scapi.uploads.models import Status, Upload


def find(upload_id: str) -> Row[Any] | None:
    """Return the row of the upload, with the columns of `Upload`, or None."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        return connection.execute(select(Upload.__table__).where(Upload.id == upload_id)).one_or_none()


def add(values: Mapping[str, Any]) -> None:
    """Insert the row of a new upload."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        connection.execute(insert(Upload), values)


def advance(upload_id: str, offset: int, values: Mapping[str, Any]) -> bool:
    """Change the row of an upload if it still is at `offset`; return whether it was, which makes `values` official."""
    statement = (
        update(Upload)
        .where(Upload.id == upload_id, Upload.offset == offset, Upload.status == Status.UPLOADING)
        .values(values)
    )
    with db.engines[UPLOADS_BIND].connect() as connection:
        result: CursorResult[Any] = connection.execute(statement)
    return result.rowcount == 1
