"""Compares rows and objects in the order of their keys, without holding all of them in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_

from scapi.database import db
from scapi.media.models import MediaFile
from storage_backends import Published

BATCH = 1000
"""Rows to read at a time, as many as S3 lists."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """The row of a file."""

    id: int
    media_id: int
    storage: str
    key: str
    size: int
    mimetype: str
    name: str
    title: str
    md5_served: str | None
    lost_at: datetime | None


_COLUMNS = [getattr(MediaFile, name) for name in FileRow.__slots__]


def rows(storage: str) -> Iterator[FileRow]:
    """Yield the rows of the files in a storage, in the order of their keys. No transaction stays open in between."""
    place = tuple_(MediaFile.key, MediaFile.id)
    batch = select(*_COLUMNS).where(MediaFile.storage == storage).order_by(MediaFile.key, MediaFile.id).limit(BATCH)
    found = db.session.execute(batch).all()
    while found:
        db.session.rollback()
        yield from (FileRow(*row) for row in found)
        found = db.session.execute(batch.where(place > (found[-1].key, found[-1].id))).all()
    db.session.rollback()


def beside(rows: Iterator[FileRow], objects: Iterator[Published]) -> Iterator[tuple[FileRow | None, Published | None]]:
    """Yield each row with its object (None if there is none), and objects without a row."""
    row, found = next(rows, None), next(objects, None)
    matched = ""
    while row or found:
        if found is None or (row is not None and row.key < found.key):
            yield row, None
            row = next(rows, None)
        elif row is None or found.key < row.key:
            if found.key != matched:
                yield None, found
            found = next(objects, None)
        else:
            yield row, found
            matched = found.key  # a second row may have the same key
            row = next(rows, None)
