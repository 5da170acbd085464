"""The preview of a link media: the columns that it sets, and the image, which the creator may choose."""

from scapi.database import db
from scapi.media.models import LINKS, Media
from scapi.previews.addresses import Forbidden, written
from scapi.previews.fetch import Unreachable, Unwanted
from scapi.previews.preview import Preview
from scapi.previews.setup import previewer
from scapi.refusals import Refused


def fill(media: Media, preview: Preview) -> None:
    """Set the columns of a link from its preview. An image that the creator has chosen stays."""
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
    """Set the picture at `url` as the image of a link. Raises Refused.

    A picture that cannot be fetched now is set without a size: browsers may still be able to load it.
    """
    if media.type not in LINKS:
        raise Refused("no_link", "only the image of a media of type url or vimeo can be changed")
    url = checked(url, "image")
    media_id = media.id
    db.session.rollback()  # no transaction is open while the network is used
    try:
        size = previewer.measure(url)
    except Unwanted as error:
        raise Refused("invalid_image", "there is no image at this URL that browsers can show", field="image") from error
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
    """Return a URL that a client sent. Raises Refused if its text alone shows that it must not be fetched."""
    try:
        previewer.check(url)
    except Forbidden as error:
        raise Refused("url_forbidden", f"this URL cannot be used: {error}", field=field) from error
    return written(url)
