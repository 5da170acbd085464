"""Checks whether a storage has the files of this database.

If not, the sweeper does not touch it: the storage may be named by mistake or not mounted, and its unfinished uploads
may belong to another database.
"""

from itertools import islice
from typing import NamedTuple

from sqlalchemy import select

from scapi import storage as storages
from scapi.database import db
from scapi.housekeeping import notes
from scapi.housekeeping.check import marker
from scapi.media.models import MediaFile, StaleFile
from scapi.uploads.keys import id_of
from scapi.uploads.models import Upload
from storage_backends import NotFound, StorageBackend

SAMPLE = 10
"""The number of files to check: one known file is enough."""


class Objection(NamedTuple):
    """Why a storage seems to belong to another database. `is_certain`: its own marker says so."""

    why: str
    is_certain: bool


def objection(name: str) -> Objection | None:
    """Return the objection to the storage `name`; None if there is none. Raises StorageError."""
    storage = storages.of(name)
    owner = marker.owner(storage)
    if owner is not None:
        return None if owner == notes.known_database_id() else Objection(marker.complaint(name), is_certain=True)
    keys = _newest(name)
    if keys:
        is_there = any(_has(storage, key) for key in keys)
        return None if is_there else Objection(f"{name} has none of the newest files", is_certain=False)
    published = [found.key for found in islice(storage.published(), SAMPLE) if found.key != marker.KEY]
    if published and not _knows_any(published):
        return Objection(f"{name} has files, and this database names none of them", is_certain=False)
    return None


def _newest(name: str) -> list[str]:
    """Return the keys of the newest files that should be in the storage."""
    there = (MediaFile.storage == name, MediaFile.size > 0, MediaFile.lost_at.is_(None))
    keys = db.session.scalars(select(MediaFile.key).where(*there).order_by(MediaFile.id.desc()).limit(SAMPLE)).all()
    db.session.rollback()
    return list(keys)


def _has(storage: StorageBackend, key: str) -> bool:
    try:
        storage.size(key)
    except NotFound:
        return False
    return True


def _knows_any(keys: list[str]) -> bool:
    """Return whether the database knows one of the keys: of a file, an upload, or a file to be deleted."""
    known = (
        select(MediaFile.id).where(MediaFile.key.in_(keys)),
        select(StaleFile.key).where(StaleFile.key.in_(keys)),
        select(Upload.id).where(Upload.id.in_([id_of(key) for key in keys])),
    )
    found = any(db.session.scalar(one.limit(1)) is not None for one in known)
    db.session.rollback()
    return found
