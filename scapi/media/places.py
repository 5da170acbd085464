"""Checks that the settings have every storage that rows name."""

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
    """Raise ConfigurationError if rows name a storage that the settings do not.

    A database that is away, or whose schema is older, is not asked again: readiness and `scapi doctor` tell of that.
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
    """Return the names of the storages that files or unfinished uploads are in. Does not read all rows."""
    return {
        *_distinct(MediaFile.storage, true()),
        *_distinct(Upload.storage, Upload.status == Status.UPLOADING),
    }


def _distinct(column: InstrumentedAttribute[Any], condition: ColumnElement[bool]) -> Iterator[str]:
    """Yield the values of an indexed column, each found by one step in the index."""
    least = select(func.min(column)).where(condition)
    found = db.session.scalar(least)
    while found is not None:
        yield found
        found = db.session.scalar(least.where(column > found))
