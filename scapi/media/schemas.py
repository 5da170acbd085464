"""What goes over the wire about a media. Every field of the API is in every answer."""

from typing import Any

import marshmallow as ma
from flask import current_app

from scapi.bodies import Moment, Schema
from scapi.links import absolute
from scapi.media.files import path_of
from scapi.media.models import Media, MediaFile, MediaType, Role

SHORT_NAMES = {MediaType.EDITOR_IMAGE: "eimage", MediaType.DOCUMENT: "doc"}
"""What newer clients call these types (`SCAPI_MEDIA_TYPE_NAMES=short`)."""

ANY_FILE = "file"
"""A `type` that leaves it to the bytes."""

UPLOAD_TYPES = (
    MediaType.IMAGE,
    MediaType.EDITOR_IMAGE,
    MediaType.DOCUMENT,
    *SHORT_NAMES.values(),
    ANY_FILE,
)


class ThumbnailSchema(Schema):
    """A small image for a list of media."""

    url = ma.fields.String(metadata={"format": "uri"})
    width = ma.fields.Integer()
    height = ma.fields.Integer()
    color = ma.fields.String(allow_none=True, metadata={"description": "Average colour, #rrggbb"})


def _none(field: type[ma.fields.Field[Any]], description: str = "", **more: Any) -> ma.fields.Field[Any]:
    """Return a read-only field that is null where it does not apply."""
    return field(dump_only=True, allow_none=True, dump_default=None, metadata={"description": description, **more})


class MediaSchema(Schema):
    """A media: an image, a document or a link that a page can show."""

    id = ma.fields.Integer(dump_only=True)
    hash_code = ma.fields.UUID(dump_only=True)
    added_at = Moment(dump_only=True)
    type = ma.fields.Function(lambda media: type_name(media.type), dump_only=True)
    title = _none(ma.fields.String)
    description = _none(ma.fields.String)
    url = _none(ma.fields.String, "Where the file, or the link, is", format="uri")
    keywords = _none(ma.fields.String)
    entities = _none(ma.fields.String)
    image = _none(ma.fields.String, "URL of the image, or of a document's first page", format="uri")
    image_width = _none(ma.fields.Integer, "Pixels, as a viewer shows the image")
    image_height = _none(ma.fields.Integer, "Pixels, as a viewer shows the image")
    image_mimetype = _none(ma.fields.String)
    image_thumbnail = ma.fields.Nested(ThumbnailSchema, dump_only=True, allow_none=True, dump_default=None)
    size = _none(ma.fields.Integer, "Bytes of the file")
    mimetype = _none(ma.fields.String, "The file's type, as its bytes show it")
    pages = _none(ma.fields.Integer, "Pages of a document; null where it is encrypted")
    oembed_type = _none(ma.fields.String)
    oembed_url = _none(ma.fields.String, format="uri")
    oembed_width = _none(ma.fields.Integer)
    oembed_height = _none(ma.fields.Integer)
    oembed_duration = _none(ma.fields.Integer, "Seconds")
    oembed_html = _none(ma.fields.String)
    oembed_preview_ready = ma.fields.Boolean(dump_only=True, dump_default=False)
    oembed_available = ma.fields.Boolean(dump_only=True, dump_default=False)
    order = ma.fields.Integer(dump_only=True, dump_default=0)
    choice_images = ma.fields.List(ma.fields.String(), dump_only=True, allow_none=True, dump_default=None)
    embed_type = _none(ma.fields.String)
    embed_id = _none(ma.fields.String)

    @ma.pre_dump
    def _with_files(self, media: Media, **_: Any) -> dict[str, Any]:
        file, shown, thumbnail = media.file(Role.FILE), _shown(media), media.file(Role.THUMBNAIL)
        fields = {name: getattr(media, name) for name in self.fields if hasattr(Media, name)}
        if file:
            fields |= {"url": _url(media, file), "size": file.size, "mimetype": file.mimetype}
        if shown:
            fields |= {
                "image": _url(media, shown),
                "image_width": shown.width,
                "image_height": shown.height,
                "image_mimetype": shown.mimetype,
            }
        if thumbnail:
            fields["image_thumbnail"] = {
                "url": _url(media, thumbnail),
                "width": thumbnail.width,
                "height": thumbnail.height,
                "color": media.color,
            }
        return fields


class ChunkCompleteMediaSchema(MediaSchema):
    """An upload whose chunks have all come, and the media that is made of it."""

    type = ma.fields.String(
        validate=ma.validate.OneOf(UPLOAD_TYPES),
        allow_none=True,
        metadata={"description": "Without it, or with `file`, the bytes decide"},
    )
    upload_id = ma.fields.String(load_only=True, required=True)
    md5 = ma.fields.String(
        load_only=True,
        required=True,
        validate=ma.validate.Regexp("^[0-9a-fA-F]{32}$", error="an MD5 has 32 hexadecimal digits"),
        metadata={"description": "MD5 of the whole file in hexadecimal digits"},
    )

    @ma.pre_load
    def _no_type(self, fields: Any, **_: Any) -> Any:
        return {name: value for name, value in fields.items() if (name, value) != ("type", "")}


def type_name(kind: str) -> str:
    """Return what answers call the media type, by `SCAPI_MEDIA_TYPE_NAMES`."""
    short = current_app.config["SCAPI_MEDIA_TYPE_NAMES"] == "short"
    return SHORT_NAMES.get(MediaType(kind), kind) if short else kind


def _shown(media: Media) -> MediaFile | None:
    """Return the file that shows what the media looks like."""
    return media.file(Role.FILE) if media.type != MediaType.DOCUMENT else media.file(Role.PREVIEW)


def _url(media: Media, file: MediaFile) -> str:
    return absolute(path_of(media.hash_code, file))
