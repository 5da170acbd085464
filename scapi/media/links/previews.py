"""The preview of a link media: filled in when it is made, tried again later, its image chosen by its creator."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from scapi.database import db, now
from scapi.media.links import embeds
from scapi.media.models import LINKS, Media, MediaType
from scapi.previews.addresses import Forbidden
from scapi.previews.fetch import Unreachable, Unwanted
from scapi.previews.preview import Preview
from scapi.previews.setup import previewer
from scapi.refusals import Refused


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
        raise Refused("invalid_image", "there is no JPEG, PNG, GIF or WebP image at this URL", field="image") from error
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
    return url.strip()


def refresh(limit: int, age: timedelta) -> Refreshed:
    """Try again the links without a preview: the newest `limit` that are not older than `age`."""
    waiting = (
        select(Media.id, Media.type, Media.url)
        .where(Media.type.in_(LINKS), Media.oembed_preview_ready.is_(False), Media.added_at >= now() - age)
        .order_by(Media.id.desc())
        .limit(limit)
    )
    rows = db.session.execute(waiting).all()
    db.session.rollback()
    ready = sum(_try_again(row.id, MediaType(row.type), row.url) for row in rows)
    return Refreshed(len(rows), ready)


def _try_again(media_id: int, kind: MediaType, url: str) -> bool:
    """Return whether the media has a preview now."""
    try:
        preview = previewer.preview(url)
    except Forbidden:  # the settings have changed
        return False
    if not preview.ready:
        return False
    embeds.of_link(kind, url, preview)
    media = db.session.get(Media, media_id)
    if media and not media.oembed_preview_ready:  # neither deleted nor filled in by another process meanwhile
        fill(media, preview)
    db.session.commit()
    return True
