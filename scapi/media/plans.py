"""Plans which renditions a media has. The plan is kept in its row, so that URLs are known before files are made."""

from collections.abc import Iterator
from typing import Any

from scapi.formats import renditions
from scapi.formats.filetypes import AVIF, EXTENSIONS, JPEG, PNG, WEBP
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.settings import settings
from scapi.storage import name_in_use
from scapi.uploads.keys import RENDITION, id_of, key_of


def of_picture(width: int, height: int, *, transparent: bool, pixels: int = 0) -> dict[str, Any] | None:
    """Return the plan for a new picture, None if it gets no renditions.

    `pixels` are those of all its frames, where it is an animation.
    """
    wanted = [across for across, _ in renditions.sizes(width, height, settings.rendition_widths)]
    if not wanted or pixels > renditions.MAX_ANIMATION_PIXELS:
        return None
    types = [AVIF] * settings.rendition_avif + [WEBP, PNG if transparent else JPEG]
    return {"widths": wanted, "types": types}


def shown(media: Media) -> MediaFile | None:
    """Return the file that shows what the media looks like."""
    return media.file(Role.FILE) if media.type != MediaType.DOCUMENT else media.file(Role.PREVIEW)


def files(media: Media) -> list[MediaFile]:
    """Return the renditions that are planned, as the rows that they have once they are made; `size` is yet unknown."""
    return list(_files(media))


def _files(media: Media) -> Iterator[MediaFile]:
    picture = shown(media)
    if media.rendition_plan is None or picture is None or not picture.width or not picture.height:
        return
    key = key_of(id_of(picture.key)) + RENDITION
    for width, height in renditions.sizes(picture.width, picture.height, media.rendition_plan["widths"]):
        for mimetype in media.rendition_plan["types"]:
            end = f"{width}{EXTENSIONS[mimetype]}"
            yield MediaFile(
                media_id=media.id,
                role=Role.RENDITION,
                name=f"_{end}",  # no file that was sent has a name that begins so
                title=end,
                storage=name_in_use(),
                key=key + end,
                mimetype=mimetype,
                width=width,
                height=height,
            )
