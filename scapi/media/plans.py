"""Plans the renditions of a media. The plan is stored in its row, so that URLs are known before the files are made."""

from typing import Any, NamedTuple

from scapi.formats import renditions
from scapi.formats.filetypes import AVIF, EXTENSIONS, JPEG, PNG, WEBP
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.settings import settings
from scapi.storage import name_in_use
from scapi.uploads.keys import RENDITION, id_of
from scapi.uploads.rules import key_of


class Version(NamedTuple):
    """A planned rendition, made or not."""

    mimetype: str
    width: int
    height: int

    @property
    def title(self) -> str:
        """The name under which a browser saves it."""
        return f"{self.width}{EXTENSIONS[self.mimetype]}"

    @property
    def name(self) -> str:
        """The last segment of its URL. No uploaded file has a name that begins like this."""
        return "_" + self.title


def of_picture(width: int, height: int, *, transparent: bool, pixels: int = 0) -> dict[str, Any] | None:
    """Return the plan for a new picture; None if it gets no renditions.

    `pixels` are those of all its frames, if it is an animation.
    """
    wanted = [across for across, _ in renditions.sizes(width, height, settings.rendition_widths)]
    if not wanted or pixels > renditions.MAX_ANIMATION_PIXELS:
        return None
    types = [AVIF] * settings.rendition_avif + [WEBP, PNG if transparent else JPEG]
    return {"widths": wanted, "types": types}


def shown(media: Media) -> MediaFile | None:
    """Return the file that shows the media: the image, or the first page of a document."""
    return media.file(Role.FILE) if media.type != MediaType.DOCUMENT else media.file(Role.PREVIEW)


def versions(media: Media) -> list[Version]:
    """Return the planned renditions, the smallest first."""
    picture = shown(media)
    if media.rendition_plan is None or picture is None or not picture.width or not picture.height:
        return []
    sizes = renditions.sizes(picture.width, picture.height, media.rendition_plan["widths"])
    return [Version(mimetype, *size) for size in sizes for mimetype in media.rendition_plan["types"]]


def files(media: Media) -> list[MediaFile]:
    """Return the rows for the planned renditions, as they are once they are made; `size` is not known yet."""
    picture = shown(media)
    before = key_of(id_of(picture.key)) + RENDITION if picture else ""
    return [
        MediaFile(
            media_id=media.id,
            role=Role.RENDITION,
            name=version.name,
            title=version.title,
            storage=name_in_use(),
            key=before + version.title,
            mimetype=version.mimetype,
            width=version.width,
            height=version.height,
        )
        for version in versions(media)
    ]
