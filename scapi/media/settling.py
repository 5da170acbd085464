"""Settles previews and thumbnails: syncs them after the answer, and makes those again that a power cut destroyed.

A picture that was not made in time has a row without bytes (`is_made`), and is made in the same way.
"""

import logging
import queue
from collections.abc import Callable, Iterable
from datetime import timedelta
from io import BytesIO

from flask import Flask, current_app
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from scapi import storage as storages
from scapi.database import UPLOADS_BIND, db, now, stream_keys
from scapi.http import dispositions, read_only
from scapi.inspection.facts import DocumentFacts, ImageFacts, Picture
from scapi.inspection.outcomes import Late
from scapi.inspection.room import room
from scapi.media import contents
from scapi.media.background import Background
from scapi.media.models import Media, MediaFile, Role
from scapi.refusals import Refused
from scapi.settings import settings
from storage_backends import NotFound, StorageError

PAUSE = 1.0
"""Seconds in which files are collected, to be synced together: the kernel has written most of them by then."""

OVERDUE = timedelta(minutes=5)
"""After this time the process that should settle a file must have died, perhaps with the machine."""

_log = logging.getLogger(__name__)


class Settler:
    """Settles files in its own thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._waiting: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._thread = Background("settling", self._run)

    def add(self, files: Iterable[MediaFile]) -> None:
        """Settle these files soon."""
        for file in files:
            self._waiting.put((file.storage, file.key))
        self._thread.wake()

    def stop(self) -> None:
        """Stop after the current files. If a power cut destroys waiting files, housekeeping makes them again."""
        self._thread.stop()

    def _run(self) -> None:
        woken, over = self._thread.woken, self._thread.over
        while woken.wait() and not over.wait(PAUSE):
            woken.clear()
            batch = []
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            with self._app.app_context():
                for place in {place for place, _ in batch}:
                    self._settle(place, [key for name, key in batch if name == place])

    def _settle(self, place: str, keys: list[str]) -> None:
        try:
            storages.of(place).settle(keys)
            mark_settled(place, keys)
        except (StorageError, SQLAlchemyError) as error:
            _log.warning("%d pictures are settled later: %s", len(keys), error)


def set_up(app: Flask) -> None:
    """Create the settler of this process."""
    app.extensions["scapi.settler"] = Settler(app)


def settle_soon(media: Media) -> None:
    """Sync the pictures of a new media soon, so that they survive a power cut."""
    unsettled = [file for file in media.files if file.unsettled_since is not None and file.is_made]
    if unsettled:
        current_app.extensions["scapi.settler"].add(unsettled)


def mark_settled(place: str, keys: list[str]) -> None:
    """Record that files are synced. If a power cut takes this record back, they are made again."""
    safe = update(MediaFile).where(MediaFile.storage == place, MediaFile.key.in_(keys)).values(unsettled_since=None)
    with db.engines[UPLOADS_BIND].connect() as connection:
        connection.execute(safe)


def check(file: MediaFile, who: str) -> MediaFile:
    """Return the row of an unsettled picture; make the picture again if its bytes are missing."""
    if file.unsettled_since is None or _is_there(file):
        return file
    if settings.read_only:
        raise read_only.refusal()
    remake(file, who)
    db.session.refresh(file)
    return file


def count_overdue() -> int:
    """Return how many pictures were not settled in time."""
    overdue = select(func.count()).where(MediaFile.unsettled_since <= now() - OVERDUE)
    found = db.session.scalar(overdue) or 0
    db.session.rollback()
    return found


def remake_overdue(stopped: Callable[[], bool]) -> bool:
    """Make pictures again that were not settled in time; a housekeeping job. Return whether more are due already."""
    for file_id in stream_keys(MediaFile.id, MediaFile.unsettled_since <= now() - OVERDUE):
        file = db.session.get(MediaFile, file_id)
        if file is not None and file.unsettled_since is not None:
            try:
                remake(file, "housekeeping")
            except Refused as error:
                _log.warning("picture %d cannot be made again now: %s", file_id, error)
            except NotFound as error:
                db.session.rollback()
                _log.warning("picture %d cannot be made again: %s", file_id, error)
        if stopped():
            break
    return False


def remake(file: MediaFile, who: str) -> None:
    """Make a picture again from its source file. Raises Refused, NotFound and StorageError.

    If the file cannot be drawn, a row that never had bytes is deleted, and NotFound is raised.
    """
    original = db.session.scalar(
        select(MediaFile).where(MediaFile.media_id == file.media_id, MediaFile.role == Role.FILE)
    )
    if original is None:
        raise NotFound(f"media {file.media_id} has no file")
    place, key, role, file_id, media_id = file.storage, file.key, Role(file.role), file.id, file.media_id
    title, name, is_made = file.title, file.name, file.is_made
    key_of_original, size, mimetype, where = original.key, original.size, original.mimetype, original.storage
    db.session.rollback()  # no transaction is open during the work
    with storages.using(where), room.entered(who) as visit:
        found = visit.facts(contents.question(contents.published(key_of_original, size), mimetype))
    picture: Picture | None = found.thumbnail
    if role == Role.PREVIEW and not isinstance(found, ImageFacts):
        picture = found.preview
    if isinstance(found, DocumentFacts) and found.preview_later:
        raise Late("there was no time to draw it")
    if picture is None:
        if not is_made:
            db.session.execute(delete(MediaFile).where(MediaFile.id == file_id))
            db.session.commit()
        raise NotFound(f"the {role} of {key_of_original} cannot be made again")
    disposition = dispositions.disposition(title, name, picture.mimetype)
    storages.of(place).save_named(key, BytesIO(picture.data), picture.mimetype, disposition)
    made = {"size": len(picture.data), "md5_served": contents.md5_of(picture.data), "mimetype": picture.mimetype}
    made |= {"width": picture.width, "height": picture.height, "unsettled_since": None, "lost_at": None}
    same = [MediaFile.id == file_id, MediaFile.storage == place, *([] if is_made else [MediaFile.size == 0])]
    changed = db.session.scalar(update(MediaFile).where(*same).values(**made).returning(MediaFile.id))
    if changed is not None and not is_made and isinstance(found, DocumentFacts):
        grown = {"stored": Media.stored + len(picture.data)} | (contents.drawn(found) if role == Role.PREVIEW else {})
        db.session.execute(update(Media).where(Media.id == media_id).values(**grown))
    db.session.commit()


def _is_there(file: MediaFile) -> bool:
    try:
        return storages.of(file.storage).size(file.key) == file.size
    except NotFound:
        return False
