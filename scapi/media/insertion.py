"""Inserts a media and its files with two statements. The ORM would need more, and would read all rows again."""

from functools import cache
from typing import Any

from sqlalchemy import insert, inspect

from scapi.database import Base, db
from scapi.media.models import Media, MediaFile

# Built once: building a statement costs more than running it.
_ADD = insert(Media.__table__).returning(Media.__table__.c.id)  # type: ignore[arg-type]
_ADD_FILES = insert(MediaFile.__table__)  # type: ignore[arg-type]


def insert_media(media: Media) -> None:
    """Insert a new media and its files in the current transaction, and set the ids that the database assigned.

    The objects are not added to the session: nothing is read again after the commit.
    """
    connection = db.session.connection()
    media.id = connection.scalar(_ADD, _values(media))
    for file in media.files:
        file.media_id = media.id
    connection.execute(_ADD_FILES, [_values(file) for file in media.files])


def _values(row: Base) -> dict[str, Any]:
    """Return the columns of a row. Unset columns get their defaults, in the object too."""
    values: dict[str, Any] = {}
    for name, column in _columns(type(row)):
        value = vars(row).get(name)
        if value is None and column.default is not None:
            value = column.default.arg(None) if column.default.is_callable else column.default.arg
            setattr(row, name, value)
        values[column.name] = value
    return values


@cache
def _columns(model: type[Base]) -> list[tuple[str, Any]]:
    """Return the columns of a model but its primary key, by their attributes, whose names can differ from theirs."""
    attributes = inspect(model).column_attrs
    return [(one.key, one.columns[0]) for one in attributes if not one.columns[0].primary_key]
