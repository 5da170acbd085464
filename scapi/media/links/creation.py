"""Creates a media from a link, an embed, or the URL of a picture."""

import hashlib
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import delete

from scapi.checks import checking
from scapi.checks.base import CheckedFile
from scapi.database import db
from scapi.events.signals import announce
from scapi.http import auth, callers
from scapi.http.errors import RETRY_AFTER
from scapi.inspection.room import room
from scapi.media import announcements, contents, files
from scapi.media.contents import Origin
from scapi.media.links import embeds, previews, refreshing
from scapi.media.models import Media, MediaType, StaleFile
from scapi.media.renditions import maker
from scapi.previews.addresses import Target
from scapi.previews.fetch import FAILURES
from scapi.previews.places import Busy
from scapi.previews.preview import TooLarge
from scapi.previews.setup import previewer
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.uploads import caps, filenames
from scapi.uploads.keys import keys_of
from scapi.uploads.rules import new_id

VIMEO_HOST = "vimeo.com"


def create(kind: MediaType, fields: dict[str, Any], creator_id: int | None) -> Media:
    """Create the media that the fields of a request describe. Raises Refused and StorageError."""
    if kind == MediaType.EMBED:
        media = _embed(fields)
    elif kind == MediaType.IMAGE:
        media = _image(previews.checked(fields["url"], "url"), creator_id)
    else:
        media = _link(kind, previews.checked(fields["url"], "url"))
    media.creator_id = creator_id
    db.session.add(media)
    events = announcements.created(media)
    db.session.commit()
    if media.renditions_due_at is not None:
        maker.make_soon()
    announce(events)
    return media


def _embed(fields: dict[str, Any]) -> Media:
    embed_type, url = fields["embed_type"], fields.get("url")
    if embed_type.strip().lower() in embeds.RESERVED:
        raise Refused("reserved_embed_type", f"{embed_type} is made by the server only", field="embed_type")
    if url:
        previews.checked(url, "url")
    details = fields.get("metadata") or {}
    # Metadata that another client sent for the same thing is not shown here: any client can be the first to send some
    embed = embeds.obtain(embed_type, fields["embed_id"], url, details)
    return Media(type=MediaType.EMBED, url=url, embed=embed, embed_details=details)


def _link(kind: MediaType, url: str) -> Media:
    host = Target.of(url).host
    if kind == MediaType.VIMEO and host != VIMEO_HOST and not host.endswith(f".{VIMEO_HOST}"):
        raise Refused("no_vimeo_url", f"a URL at {VIMEO_HOST} was expected", field="url")
    preview = previewer.preview(url)
    media = Media(type=kind, embed=embeds.of_link(kind, url, preview))
    previews.fill(media, preview)
    refreshing.count_first(media, preview)
    return media


def _image(url: str, creator_id: int | None) -> Media:
    try:
        data = previewer.picture(url, settings.max_image_bytes)
    except TooLarge as error:
        raise Refused("file_too_large", f"the picture is too large: {error}", field="url") from error
    except Busy as error:
        raise Refused("previews_busy", str(error), retry_after=RETRY_AFTER) from error
    except FAILURES as error:  # one answer for all of them: it must not reveal the internal network
        raise Refused("image_unavailable", "no picture could be loaded from this URL", field="url") from error
    filename = filenames.clean(unquote(PurePosixPath(urlsplit(url).path).name))
    with room.entered(callers.who()) as visit:
        picture = contents.check_image(data, visit)
    checking.check(CheckedFile(filename, picture.mimetype, len(data), auth.name_of(creator_id)), lambda: BytesIO(data))
    caps.check_quota(creator_id, len(picture.data))
    origin = Origin(new_id(), filename)
    # Until the media's row exists, its files are recorded as stale: if this process dies, the sweeper deletes them.
    files.forget(keys_of(origin.id))
    db.session.commit()
    made = contents.save_image(origin, picture)
    db.session.execute(delete(StaleFile).where(StaleFile.key.in_(keys_of(origin.id))))
    media = made.media()
    media.set_md5_sent(hashlib.md5(data, usedforsecurity=False).hexdigest())
    return media
