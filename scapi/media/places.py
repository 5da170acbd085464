"""Checks that the settings name every storage that rows use."""

from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute

from scapi import storage
from scapi.database import db
from scapi.media.models import MediaFile
from scapi.settings import ConfigurationError
from scapi.uploads.models import Status, Upload


def check(app: Flask) -> None:
    """Raise ConfigurationError if rows use a storage that the settings do not name.

    Does nothing if the database is away or has an older schema: readiness and `scapi doctor` report that.
    """
    with app.app_context():
        try:
            missing = named() - set(storage.names())
        except DBAPIError:
            return
        finally:
            db.session.remove()
        if missing:
            db.engine.dispose()
    for name in sorted(missing):
        raise ConfigurationError(
            f"files are still in the storage {name!r}, which the settings do not name; expected "
            f"SCAPI_STORAGE_BEFORE={name} until `scapi storage copy` has copied them"
        )


def named() -> set[str]:
    """Return the names of the storages that hold files or unfinished uploads. Does not read all rows."""
    return {
        *_distinct(MediaFile.storage, true()),
        *_distinct(Upload.storage, Upload.status == Status.UPLOADING),
    }


def _distinct(column: InstrumentedAttribute[Any], condition: ColumnElement[bool]) -> Iterator[str]:
    """Yield the distinct values of an indexed column, each with one step in the index."""
    least = select(func.min(column)).where(condition)
    found = db.session.scalar(least)
    while found is not None:
        yield found
        found = db.session.scalar(least.where(column > found))
