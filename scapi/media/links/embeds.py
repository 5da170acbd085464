"""Embeds: one row for every (embed_type, embed_id), shared by all media that show it."""

import hashlib
import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from scapi.database import db
from scapi.media.models import Embed, MediaType
from scapi.previews.addresses import Target
from scapi.previews.preview import Preview

LINK = "sc_link"
VIMEO = "sc_vimeo"
RESERVED = (LINK, VIMEO, "sc_shared_object", "sc_shared_event")
"""Embed types that only the server makes."""

_VIDEO = re.compile(
    r"/(?:video/|channels/[^/]+/|groups/[^/]+/videos/|(?:album|showcase)/[^/]+/video/|ondemand/[^/]+/)?"
    r"([0-9]{1,19})(?:/[0-9a-f]+)?/?(?:\?.*)?",
    re.ASCII,
)


def obtain(embed_type: str, embed_id: str, url: str | None, details: dict[str, Any]) -> Embed:
    """Return the Embed of this type and id, made with `url` and `details` if there is none. Commits."""
    pair = select(Embed).where(Embed.embed_type == embed_type, Embed.embed_id == embed_id)
    found = db.session.scalar(pair)
    if found:
        return found
    made = Embed(embed_type=embed_type, embed_id=embed_id, url=url, details=details)
    db.session.add(made)
    try:
        db.session.commit()
    except IntegrityError:  # another request made it in between
        db.session.rollback()
        return db.session.scalars(pair).one()
    return made


def of_link(kind: MediaType, url: str, preview: Preview) -> Embed:
    """Return the Embed of a link, with what its page says now if that is anything. Commits if it is made.

    Its id comes from the URL that was given, never from what the page says of itself: a page could otherwise change
    what others see of another page.
    """
    target = Target.of(url)
    video = _VIDEO.fullmatch(target.path) if kind == MediaType.VIMEO else None
    embed_id = video[1] if video else hashlib.sha256(target.url.encode()).hexdigest()
    embed = obtain(VIMEO if kind == MediaType.VIMEO else LINK, embed_id, preview.url, details_of(preview))
    if preview.ready:
        embed.url, embed.details = preview.url, details_of(preview)
    return embed


def details_of(preview: Preview) -> dict[str, Any]:
    """Return what the API calls the metadata of a link."""
    return {
        "url": preview.url,
        "title": preview.title,
        "description": preview.description,
        "images": list(preview.choice_images),
        "html": preview.oembed.html if preview.oembed else None,
        "type": preview.oembed.type if preview.oembed else "link",
    }
