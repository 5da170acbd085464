"""The renditions that are still to be made: rows, shared by any number of processes on any number of hosts.

A media is due when it is created and when a client requests a rendition of it; the newest goes first. A process that
claims it postpones it, so that it is due again if that process dies. A claim counts as an attempt until it succeeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, null, select, update

from scapi.database import db, now
from scapi.media import files, plans
from scapi.media.models import Media, MediaFile, Role, StaleFile

MAX_ATTEMPTS = 3
"""After this many failed attempts the media is offered without renditions."""

CLAIM = timedelta(minutes=3)
"""A claim ends after this time, as its process must have died: longer than making renditions takes."""

PAUSES = (timedelta(seconds=10), timedelta(minutes=1))
"""The pauses after the first and the second failure."""

AWAY = timedelta(seconds=30)
"""The pause when the storage is away."""

FRONT = timedelta(seconds=1)
"""A media that was put in front this recently is not put in front again: many clients may request it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A media whose renditions this process makes, and the number of the attempt."""

    media_id: int
    attempt: int


def claim() -> Claimed | None:
    """Claim the first media whose renditions are due; None if none is due."""
    while True:
        due = (
            select(Media.id, Media.rendition_attempts)
            .where(Media.renditions_due_at <= now())
            .order_by(Media.renditions_due_at.desc())
            .limit(1)
        )
        row = db.session.execute(due).one_or_none()
        db.session.rollback()
        if row is None:
            return None
        job = Claimed(row.id, row.rendition_attempts)
        if job.attempt >= MAX_ATTEMPTS:  # the process that made the last attempt has died
            drop(job)
        elif _change(job, Media.renditions_due_at <= now(), attempt=job.attempt + 1, after=CLAIM):
            return Claimed(job.media_id, job.attempt + 1)


def count_due() -> int:
    """Return how many media wait for their renditions, and are due."""
    found = db.session.scalar(select(func.count()).select_from(Media).where(Media.renditions_due_at <= now())) or 0
    db.session.rollback()
    return found


def ask_for(media: Media) -> None:
    """Put the renditions of a media in front of all others, unless that was just done or they are being made."""
    due, moment = media.renditions_due_at, now()
    if due is None or due <= moment - FRONT:
        same = update(Media).where(Media.id == media.id, Media.renditions_due_at.is_not_distinct_from(due))
        db.session.execute(same.values(renditions_due_at=moment))
        db.session.commit()


def make_again(file: MediaFile) -> None:
    """Let a rendition whose file is lost be made again: delete its row and make its media due."""
    due = update(Media).where(Media.id == file.media_id).values(renditions_due_at=now(), rendition_attempts=0)
    db.session.execute(due)
    db.session.execute(delete(MediaFile).where(MediaFile.id == file.id))
    db.session.commit()


def finish(job: Claimed, made: Sequence[MediaFile]) -> bool:
    """Insert the rows of the new files; return False if the media is deleted or another process was first."""
    mine = update(Media).where(Media.id == job.media_id, Media.renditions_due_at.is_not(None))
    found = db.session.scalar(mine.values(renditions_due_at=None, rendition_attempts=0).returning(Media.id))
    if found is not None:
        db.session.execute(delete(StaleFile).where(StaleFile.key.in_([file.key for file in made])))
        db.session.add_all(made)
    db.session.commit()
    return found is not None


def fail(job: Claimed) -> None:
    """Schedule the next attempt; after the last one, offer the media without renditions."""
    if job.attempt >= MAX_ATTEMPTS:
        drop(job)
    else:
        _change(job, Media.renditions_due_at.is_not(None), attempt=job.attempt, after=PAUSES[job.attempt - 1])


def postpone(job: Claimed) -> None:
    """Try again later without counting the attempt: the picture was not the reason of the failure."""
    _change(job, Media.renditions_due_at.is_not(None), attempt=job.attempt - 1, after=AWAY)


def drop(job: Claimed) -> None:
    """Offer the media without renditions from now on."""
    media = db.session.get(Media, job.media_id, populate_existing=True)
    keys = [file.key for file in plans.files(media)] if media else []
    db.session.rollback()
    waiting = update(Media).where(Media.id == job.media_id, Media.renditions_due_at.is_not(None))
    dropped = waiting.values(rendition_plan=null(), renditions_due_at=None).returning(Media.id)
    if db.session.scalar(dropped) is None:
        db.session.rollback()
        return
    rows = (MediaFile.media_id == job.media_id, MediaFile.role == Role.RENDITION)
    db.session.execute(delete(MediaFile).where(*rows))
    files.forget(keys)
    db.session.commit()
    files.delete_stale(keys)


def _change(job: Claimed, condition: ColumnElement[bool], *, attempt: int, after: timedelta) -> bool:
    """Set the number of attempts and the next due time; return False if another process has changed them."""
    same = update(Media).where(Media.id == job.media_id, Media.rendition_attempts == job.attempt, condition)
    values = {"rendition_attempts": attempt, "renditions_due_at": now() + after}
    changed = db.session.scalar(same.values(values).returning(Media.id))
    db.session.commit()
    return changed is not None
