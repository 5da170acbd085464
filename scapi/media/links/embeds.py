"""Embeds: one row per (embed_type, embed_id), shared by all media that show it."""

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
"""Embed types that only the server may create."""

_VIDEO = re.compile(
    r"/(?:video/|channels/[^/]+/|groups/[^/]+/videos/|(?:album|showcase)/[^/]+/video/|ondemand/[^/]+/)?"
    r"([0-9]{1,19})(?:/[0-9a-f]+)?/?(?:\?.*)?",
    re.ASCII,
)


def obtain(embed_type: str, embed_id: str, url: str | None, details: dict[str, Any]) -> Embed:
    """Return the Embed of this type and id. Creates it with `url` and `details` if it does not exist. Commits."""
    pair = select(Embed).where(Embed.embed_type == embed_type, Embed.embed_id == embed_id)
    found = db.session.scalar(pair)
    if found:
        return found
    made = Embed(embed_type=embed_type, embed_id=embed_id, url=url, details=details)
    db.session.add(made)
    try:
        db.session.commit()
    except IntegrityError:  # another request has created it in the meantime
        db.session.rollback()
        return db.session.scalars(pair).one()
    return made


def of_link(kind: MediaType, url: str, preview: Preview) -> Embed:
    """Return the Embed of a link, updated from its preview if that has any content. Commits if it is created.

    Its id comes from the requested URL, never from the page's content: otherwise a page could change the preview of
    another page.
    """
    target = Target.of(url)
    video = _VIDEO.fullmatch(target.path) if kind == MediaType.VIMEO else None
    embed_id = video[1] if video else hashlib.sha256(target.url.encode()).hexdigest()
    embed = obtain(VIMEO if kind == MediaType.VIMEO else LINK, embed_id, preview.url, details_of(preview))
    if preview.ready:
        embed.url, embed.details = preview.url, details_of(preview)
    return embed


def details_of(preview: Preview) -> dict[str, Any]:
    """Return the `metadata` of a link, as in the API."""
    return {
        "url": preview.url,
        "title": preview.title,
        "description": preview.description,
        "images": list(preview.choice_images),
        "html": preview.oembed.html if preview.oembed else None,
        "type": preview.oembed.type if preview.oembed else "link",
    }
