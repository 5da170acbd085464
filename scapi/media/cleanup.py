"""Finds files that were stored before the current rules about metadata, and cleans them."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

from flask import current_app
from sqlalchemy import Row, func, or_, select, update

from scapi import storage as storages
from scapi.database import db
from scapi.events.signals import announce
from scapi.formats import cleaning
from scapi.formats.containers import BrokenFileError
from scapi.http import dispositions
from scapi.media import announcements, files
from scapi.media.models import Media, MediaFile, Role
from scapi.uploads.keys import SERVED, id_of
from scapi.uploads.rules import key_of
from storage_backends import NotFound, StorageError

BATCH = 100
"""Rows read at a time."""

_OLD = (
    MediaFile.role == Role.FILE,
    MediaFile.mimetype.in_(cleaning.TYPES),
    or_(MediaFile.cleaned.is_(None), MediaFile.cleaned < cleaning.RULES),
)
_COLUMNS = (
    MediaFile.id,
    MediaFile.media_id,
    MediaFile.storage,
    MediaFile.key,
    MediaFile.mimetype,
    MediaFile.title,
    MediaFile.name,
    MediaFile.size,
)


class Outcome(StrEnum):
    """The result of cleaning a file."""

    CLEANED = "cleaned"
    UNCHANGED = "unchanged"
    """There was nothing to remove."""
    GONE = "gone"
    """Its media was deleted in the meantime, or another run has cleaned it."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """A file and its outcome."""

    key: str
    outcome: Outcome


def left() -> int:
    """Return the number of files that are not yet cleaned by the current rules."""
    count = db.session.scalar(select(func.count()).select_from(MediaFile).where(*_OLD))
    db.session.rollback()
    return count or 0


def clean(*, dry_run: bool = False) -> Generator[Result]:
    """Clean all remaining files, the oldest first; with `dry_run`, only find out which would change.

    Each file is committed on its own: the next run continues a stopped one, and several may run at once.
    """
    last = 0
    while rows := _batch(last):
        for row in rows:
            yield Result(row.key, _outcome(row, dry_run))
        last = rows[-1].id


def _batch(last: int) -> list[Any]:
    wanted = select(*_COLUMNS).where(MediaFile.id > last, *_OLD).order_by(MediaFile.id).limit(BATCH)
    rows = list(db.session.execute(wanted))
    db.session.rollback()  # no transaction stays open while bytes move
    return rows


def _outcome(row: Row[Any], dry_run: bool) -> Outcome:
    try:
        with storages.of(row.storage).open(row.key) as file:
            data = file.read()
        cleaned = cleaning.cleaned(data, row.mimetype)
        if dry_run:
            return Outcome.UNCHANGED if cleaned is data else Outcome.CLEANED
        return _keep(row, data) if cleaned is data else _replace(row, cleaned)
    except NotFound as error:
        return _failed(row, error) if _is_there(row) else Outcome.GONE
    except (StorageError, BrokenFileError) as error:
        return _failed(row, error)


def _failed(row: Row[Any], error: Exception) -> Outcome:
    current_app.logger.warning("%s could not be cleaned: %s", row.key, error)
    return Outcome.FAILED


def _is_there(row: Row[Any]) -> bool:
    key = db.session.scalar(select(MediaFile.key).where(MediaFile.id == row.id))
    db.session.rollback()
    return bool(key == row.key)


def _keep(row: Row[Any], data: bytes) -> Outcome:
    """Record that there is nothing to remove from a file."""
    changed = _change(row, data)
    db.session.commit()
    return Outcome.UNCHANGED if changed else Outcome.GONE


def _replace(row: Row[Any], cleaned: bytes) -> Outcome:
    """Replace the served file by the cleaned one: the file first, its row and its event second."""
    key = key_of(id_of(row.key)) + SERVED
    disposition = dispositions.disposition(row.title, row.name, row.mimetype)
    storages.of(row.storage).save_named(key, BytesIO(cleaned), row.mimetype, disposition)
    old_urls = _urls(row)
    if not _change(row, cleaned, key=key, size=len(cleaned)):
        return _given_up(key)
    grown = update(Media).where(Media.id == row.media_id)
    db.session.execute(grown.values(stored=Media.stored + len(cleaned) - row.size))
    files.forget([row.key])
    media = db.session.get_one(Media, row.media_id, populate_existing=True)
    events = announcements.updated(media, old_urls)
    db.session.commit()
    files.delete_stale([row.key])
    announce(events)
    return Outcome.CLEANED


def _urls(row: Row[Any]) -> list[str]:
    """Return the URLs under which caches may have the old file."""
    media = db.session.get(Media, row.media_id)
    file = media and media.file(Role.FILE)
    return files.urls_of_file(media, file) if media and file else []


def _change(row: Row[Any], data: bytes, **values: Any) -> bool:
    """Change the file's row in the current transaction; return False if the row was changed by someone else."""
    same = (MediaFile.id == row.id, MediaFile.storage == row.storage, MediaFile.key == row.key)
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    change = update(MediaFile).where(*same).values(cleaned=cleaning.RULES, md5_served=digest, **values)
    return db.session.scalar(change.returning(MediaFile.id)) is not None


def _given_up(key: str) -> Outcome:
    """Remove the cleaned file of a deleted media. The file of another run is the same file and stays."""
    db.session.rollback()
    if db.session.scalar(select(MediaFile.id).where(MediaFile.key == key)) is None:
        files.forget([key])
        db.session.commit()
        files.delete_stale([key])
    db.session.rollback()
    return Outcome.GONE
