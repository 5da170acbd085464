"""The preview of a link media: filled in when it is made, tried again later, its image chosen by its creator."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, or_, select, update

from scapi.database import db, now
from scapi.media.links import embeds
from scapi.media.models import LINKS, Media, MediaType
from scapi.previews.addresses import Forbidden, written
from scapi.previews.fetch import Unreachable, Unwanted
from scapi.previews.preview import Preview
from scapi.previews.setup import previewer
from scapi.refusals import Refused

PAUSES = [timedelta(minutes=minutes) for minutes in (5, 30, 120, 360, 720, 1440, 2880, 4320)]
"""What is waited after each attempt to fetch a missing preview, about a week in all."""

AGE = timedelta(days=14)
"""How old a link may be that is tried again by itself: older than all pauses together."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many media were tried, and how many of them have a preview now."""

    tried: int
    ready: int


def fill(media: Media, preview: Preview) -> None:
    """Set what the preview says of a link. An image that the creator has chosen stays."""
    media.url = preview.url
    media.title = preview.title
    media.description = preview.description
    media.keywords = preview.keywords
    media.entities = preview.entities
    media.choice_images = list(preview.choice_images)
    media.oembed_preview_ready = preview.ready
    if media.image is None:
        media.image = preview.image
        media.image_width = preview.image_width
        media.image_height = preview.image_height
    if preview.oembed:
        media.oembed_available = True
        media.oembed_type = preview.oembed.type
        media.oembed_url = preview.oembed.url
        media.oembed_width = preview.oembed.width
        media.oembed_height = preview.oembed.height
        media.oembed_duration = preview.oembed.duration
        media.oembed_html = preview.oembed.html


def choose_image(media: Media, url: str) -> Media:
    """Make the picture at `url` the image of a link. Raises Refused.

    A picture that cannot be had right now is set without a size: a browser may well have more luck with it.
    """
    if media.type not in LINKS:
        raise Refused("no_link", "only the image of a media of type url or vimeo can be changed")
    url = checked(url, "image")
    media_id = media.id
    db.session.rollback()  # no transaction is open while the network is used
    try:
        size = previewer.measure(url)
    except Unwanted as error:
        raise Refused("invalid_image", "there is no image at this URL that browsers show", field="image") from error
    except (Forbidden, Unreachable):
        size = None
    current = db.session.get(Media, media_id)
    if current is None:
        raise Refused("not_found", "there is no such media")
    current.image = url
    current.image_width, current.image_height = (size.width, size.height) if size else (None, None)
    db.session.commit()
    return current


def checked(url: str, field: str) -> str:
    """Return a URL that a client sent. Raises Refused for one that the fetcher must not go to, as its text shows."""
    try:
        previewer.check(url)
    except Forbidden as error:
        raise Refused("url_forbidden", f"this URL cannot be used: {error}", field=field) from error
    return written(url)


def refresh(limit: int, age: timedelta) -> Refreshed:
    """Try missing previews again, whether they are due or not: `limit` at most, of links not older than `age`."""
    rows = db.session.execute(_waiting(age).limit(limit)).all()
    db.session.rollback()
    results = [_try_again(row) for row in rows if _claim(row)]
    return Refreshed(len(results), sum(results))


def refresh_due(stopped: Callable[[], bool]) -> bool:
    """Try the missing previews that are due, until there are none; then return False."""
    due = _waiting(AGE).where(
        Media.preview_attempts < len(PAUSES), or_(Media.preview_due_at.is_(None), Media.preview_due_at <= now())
    )
    while not stopped():
        row = db.session.execute(due.limit(1)).one_or_none()
        db.session.rollback()
        if row is None:
            break
        if _claim(row):
            _try_again(row)
    return False


def _waiting(age: timedelta) -> Any:
    """Return a query for links without a preview: those that were tried least first, the newest of them first."""
    return (
        select(Media.id, Media.type, Media.url, Media.preview_attempts)
        .where(Media.type.in_(LINKS), Media.oembed_preview_ready.is_(False), Media.added_at >= now() - age)
        .order_by(Media.preview_attempts, Media.id.desc())
    )


def _claim(row: Row[Any]) -> bool:
    """Count an attempt and set the time of the next; return False if another process did so first."""
    pause = PAUSES[min(row.preview_attempts, len(PAUSES) - 1)]
    mine = update(Media).where(Media.id == row.id, Media.preview_attempts == row.preview_attempts)
    values = {"preview_attempts": row.preview_attempts + 1, "preview_due_at": now() + pause}
    claimed = db.session.scalar(mine.values(values).returning(Media.id))
    db.session.commit()
    return claimed is not None


def _try_again(row: Row[Any]) -> bool:
    """Return whether the media has a preview now."""
    try:
        preview = previewer.preview(row.url)
    except Forbidden:  # the settings have changed
        return False
    if not preview.ready:
        return False
    embeds.of_link(MediaType(row.type), row.url, preview)
    media = db.session.get(Media, row.id)
    if media and not media.oembed_preview_ready:  # neither deleted nor filled in by another process meanwhile
        fill(media, preview)
    db.session.commit()
    return True
