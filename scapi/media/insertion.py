"""Inserts a media and its files with two statements. The ORM would need more, and would read all rows again."""

from typing import Any

from sqlalchemy import Table, insert, inspect

from scapi.database import Base, db
from scapi.media.models import Media, MediaFile


def insert_media(media: Media) -> None:
    """Insert a new media and its files in the current transaction, and set the ids that the database assigned.

    The objects are not added to the session: nothing is read again after the commit.
    """
    media.id = db.session.scalar(insert(_table(Media)).returning(_table(Media).c.id), _values(media))
    for file in media.files:
        file.media_id = media.id
    db.session.execute(insert(_table(MediaFile)), [_values(file) for file in media.files])


def _table(model: type[Base]) -> Table:
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError("a model without a table")
    return table


def _values(row: Base) -> dict[str, Any]:
    """Return the columns of a row. Unset columns get their defaults, in the object too."""
    values: dict[str, Any] = {}
    for attribute in inspect(type(row)).column_attrs:  # its names can differ from those of the columns
        column = attribute.columns[0]
        if column.primary_key:
            continue
        value = getattr(row, attribute.key)
        if value is None and column.default is not None:
            value = column.default.arg(None) if column.default.is_callable else column.default.arg
            setattr(row, attribute.key, value)
        values[column.name] = value
    return values
