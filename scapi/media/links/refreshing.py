"""Tries links without a preview again: in the background within seconds, or all at once by a command.

Rows count the attempts, so that any number of processes share the work and dead links do not delay others.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Row, func, or_, select, update

from scapi.database import db, now
from scapi.media.links import embeds
from scapi.media.links.previews import fill
from scapi.media.models import LINKS, Media, MediaType
from scapi.previews.addresses import Forbidden
from scapi.previews.preview import Preview
from scapi.previews.setup import previewer
from scapi.settings import settings

PAUSES = [
    timedelta(seconds=10),
    *(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440, 2880)),
]
"""The pauses between the attempts to fetch a missing preview: four days in all."""

ATTEMPTS = len(PAUSES) + 1
"""After so many attempts a link is given up."""

NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""The due time of links that are given up: at the end of the index, which is queried every few seconds."""

AGE = timedelta(days=14)
"""Links up to this age are tried again automatically: longer than all pauses together."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many media were tried, and how many of them have a preview now."""

    tried: int
    ready: int


def count_first(media: Media, preview: Preview) -> None:
    """Count the attempt of the request that made the media, and set when the next one is due."""
    if not preview.ready:
        media.preview_attempts = int(preview.tried) if preview.again else ATTEMPTS
        media.preview_due_at = _next(media.preview_attempts)


def refresh(limit: int, age: timedelta) -> Refreshed:
    """Try missing previews again, due or not: at most `limit`, of links not older than `age`."""
    rows = db.session.execute(_waiting(age, newest_first=True).limit(limit)).all()
    db.session.rollback()
    results = [_try_again(row) for row in rows if _claim(row)]
    return Refreshed(len(results), sum(results))


def count(limit: int, age: timedelta) -> int:
    """Return the number of links that `refresh` would try."""
    found = len(db.session.execute(_waiting(age, newest_first=True).limit(limit)).all())
    db.session.rollback()
    return found


def count_due() -> int:
    """Return how many missing previews are due."""
    due = _due(newest_first=True).order_by(None).subquery()
    found = db.session.scalar(select(func.count()).select_from(due)) or 0
    db.session.rollback()
    return found


def refresh_due(stopped: Callable[[], bool]) -> bool:
    """Try the missing previews that are due, several at a time, until none are left; then return False."""
    due = db.session.execute(_due(newest_first=True).limit(settings.previews_at_once)).all()
    db.session.rollback()
    if not due:
        return False
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    with ThreadPoolExecutor(len(due), thread_name_prefix="previews") as pool:
        workers = [pool.submit(_work, app, number % 2 == 0, stopped) for number in range(len(due))]
        for worker in workers:
            worker.result()
    return False


def _work(app: Flask, newest_first: bool, stopped: Callable[[], bool]) -> None:
    """Try one preview after another. Half of the workers begin with the newest links, half with the oldest."""
    with app.app_context():
        while not stopped():
            row = db.session.execute(_due(newest_first=newest_first).limit(1)).one_or_none()
            db.session.rollback()
            if row is None:
                return
            if _claim(row):
                _try_again(row)


def _due(*, newest_first: bool) -> Any:
    return _waiting(AGE, newest_first=newest_first).where(
        Media.preview_attempts < ATTEMPTS, or_(Media.preview_due_at.is_(None), Media.preview_due_at <= now())
    )


def _waiting(age: timedelta, *, newest_first: bool) -> Any:
    """Return a query for links without a preview, those with the fewest attempts first."""
    return (
        select(Media.id, Media.type, Media.url, Media.preview_attempts)
        .where(Media.type.in_(LINKS), Media.oembed_preview_ready.is_(False), Media.added_at >= now() - age)
        .order_by(Media.preview_attempts, Media.id.desc() if newest_first else Media.id)
    )


def _next(attempts: int) -> datetime:
    """Return when a link with this number of attempts is due again."""
    if attempts >= ATTEMPTS:
        return NEVER
    return now() + (PAUSES[attempts - 1] if attempts else timedelta(0))


def _claim(row: Row[Any]) -> bool:
    """Count an attempt and set the time of the next one; return False if another process did so first."""
    mine = update(Media).where(Media.id == row.id, Media.preview_attempts == row.preview_attempts)
    attempts = row.preview_attempts + 1
    values = {"preview_attempts": attempts, "preview_due_at": _next(attempts)}
    claimed = db.session.scalar(mine.values(values).returning(Media.id))
    db.session.commit()
    return claimed is not None


def _try_again(row: Row[Any]) -> bool:
    """Try once; return whether the media has a preview now."""
    try:
        preview = previewer.preview(row.url)
    except Forbidden:  # the settings have changed
        preview = Preview(row.url)
    if preview.ready:
        embeds.of_link(MediaType(row.type), row.url, preview)
    media = db.session.get(Media, row.id)
    if media and not media.oembed_preview_ready:  # not deleted, and not filled in by another process, in the meantime
        if preview.ready:
            fill(media, preview)
        elif not preview.again:
            media.preview_attempts, media.preview_due_at = ATTEMPTS, NEVER
    db.session.commit()
    return preview.ready
