"""Makes renditions: all renditions of a media from one decode, one media at a time per host."""

import errno
import hashlib
import hmac
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

from sqlalchemy import select

from scapi import storage as storages
from scapi.database import db
from scapi.http import dispositions
from scapi.inspection import questions
from scapi.inspection.outcomes import Verdict
from scapi.inspection.questions import Question
from scapi.inspection.room import room
from scapi.inspection.sources import Source
from scapi.media import contents, files, plans
from scapi.media.models import Media, MediaFile
from scapi.media.renditions import backlog
from scapi.media.renditions.backlog import Claimed
from scapi.refusals import Refused
from scapi.settings import settings
from storage_backends import NotFound, StorageError

log = logging.getLogger(__name__)


def make_due(stopped: Callable[[], bool]) -> bool:
    """Make all due renditions, one media after another; return False at once if another process here does so."""
    with _only_one_here() as mine:
        while mine and not stopped() and (job := backlog.claim()):
            _make(job)
        return mine


def _make(job: Claimed) -> None:
    try:
        _try(job)
    except Verdict as verdict:
        db.session.rollback()
        log.warning("media %d is offered without renditions: %s", job.media_id, verdict.message)
        backlog.drop(job)
    except (Refused, NotFound) as error:
        db.session.rollback()
        log.warning("renditions of media %d were not made, attempt %d: %s", job.media_id, job.attempt, error)
        backlog.fail(job)
    except StorageError as error:
        db.session.rollback()
        log.warning("renditions of media %d are made later: %s", job.media_id, error)
        backlog.postpone(job)


def _try(job: Claimed) -> None:
    """Make the missing renditions of a media. Raises Refused and StorageError."""
    media = db.session.get(Media, job.media_id, populate_existing=True)
    picture = plans.shown(media) if media else None
    if media is None or picture is None:
        db.session.rollback()
        return
    there = set(db.session.scalars(select(MediaFile.name).where(MediaFile.media_id == media.id)))
    planned = plans.files(media)
    key, size, mimetype, where = picture.key, picture.size, picture.mimetype, picture.storage
    db.session.rollback()  # no transaction is open during the work
    missing = [file for file in planned if file.name not in there]
    if missing:
        with storages.using(where):
            made = room.in_background(_question(contents.published(key, size), mimetype, planned))
        _save({file: data for file, data in zip(planned, made, strict=True) if file in missing})
    if backlog.finish(job, missing):
        return
    if db.session.get(Media, job.media_id) is None:  # it was deleted before these files existed
        files.delete_stale([file.key for file in missing])
    db.session.rollback()


def _question(source: Source, mimetype: str, planned: list[MediaFile]) -> Question[list[bytes]]:
    sizes = dict.fromkeys((file.width or 0, file.height or 0) for file in planned)
    types = dict.fromkeys(file.mimetype for file in planned)
    return questions.for_renditions(source, mimetype, list(sizes), list(types), max_pixels=settings.max_image_pixels)


def _save(made: Mapping[MediaFile, bytes]) -> None:
    """Save the files, synced, and set the sizes in their rows."""
    unsettled = []
    for file, data in made.items():
        file.size, file.md5_served = len(data), contents.md5_of(data)
        storage = storages.of(file.storage)
        disposition = dispositions.disposition(file.title, file.name, file.mimetype)
        if not storage.save_soon(file.key, BytesIO(data), file.mimetype, disposition):
            unsettled.append((file.storage, file.key))
    for place in {place for place, _ in unsettled}:
        storages.of(place).settle([key for name, key in unsettled if name == place])


@contextmanager
def _only_one_here() -> Iterator[bool]:
    """Lock out the other processes of this host that use this database; yield False if one of them has the lock.

    The lock is an abstract socket name (unix(7)): one process owns it, it leaves no file, and it is freed when that
    process dies.
    """
    database = db.engine.url.render_as_string(hide_password=False)
    name = hmac.digest(settings.server_key.encode(), f"renditions:{database}".encode(), hashlib.sha256).hex()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as held:
        try:
            held.bind(f"\0scapi-{name}")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            yield False
            return
        yield True
