"""Requests and answers about media. Every answer has all fields of the API."""

import json
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import marshmallow as ma

from scapi.formats.filetypes import WEBP
from scapi.http import auth
from scapi.http.bodies import Moment, Schema
from scapi.http.paging import page_of
from scapi.http.urls import absolute
from scapi.media import plans, undo
from scapi.media.files import folder_of
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.settings import settings

SHORT_NAMES = {MediaType.EDITOR_IMAGE: "eimage", MediaType.DOCUMENT: "doc"}
"""The short names of these types, for newer clients (`SCAPI_MEDIA_TYPE_NAMES=short`)."""

NO_MD5 = "an MD5 has 32 hexadecimal digits"

ANY_FILE = "file"
"""The `type` that lets the bytes decide."""

UPLOAD_TYPES = (
    MediaType.IMAGE,
    MediaType.EDITOR_IMAGE,
    MediaType.DOCUMENT,
    *SHORT_NAMES.values(),
    ANY_FILE,
)


MAX_METADATA = 64 * 1024
"""The most characters of an embed's metadata as JSON."""


class ThumbnailSchema(Schema):
    """A small image for a list of media."""

    url = ma.fields.String(metadata={"format": "uri"})
    width = ma.fields.Integer(allow_none=True, metadata={"description": "Null until the image is made"})
    height = ma.fields.Integer(allow_none=True, metadata={"description": "Null until the image is made"})
    color = ma.fields.String(allow_none=True, metadata={"description": "Average colour, #rrggbb"})
    blurhash = ma.fields.String(
        allow_none=True,
        metadata={"description": "A placeholder to show before the picture is there: https://blurha.sh"},
    )


class Ready(ma.fields.List[Any]):
    """A list that is serialised already; the inner schema only documents it. This takes a third of the time."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value


class RenditionSchema(Schema):
    """The picture in another size."""

    url = ma.fields.String(metadata={"format": "uri"})
    width = ma.fields.Integer(metadata={"description": "Pixels"})
    height = ma.fields.Integer(metadata={"description": "Pixels"})
    mimetype = ma.fields.String()


KEPT = {"pattern": "^[^\\u0000]*$"}
"""`no_nul` in the OpenAPI document."""


def no_nul(text: str) -> None:
    """Refuse NUL, which PostgreSQL cannot store, and surrogates."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ma.ValidationError("Not a valid string.")


def _no_zone(address: IPv4Address | IPv6Address) -> None:
    """Refuse an address with a zone, such as fe80::1%eth0: it has a meaning on one machine only."""
    if getattr(address, "scope_id", None):
        raise ma.ValidationError("Not a valid IP address.")


def small_json(value: Any) -> None:
    """Refuse values that are too large to store or that JSON cannot express."""
    try:
        size = len(json.dumps(value, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise ma.ValidationError("Not valid JSON.") from error
    if size > MAX_METADATA:
        raise ma.ValidationError(f"At most {MAX_METADATA} characters of JSON.")


def _none(field: type[ma.fields.Field[Any]], description: str = "", **more: Any) -> ma.fields.Field[Any]:
    """Return a read-only field that is null where it does not apply."""
    return field(dump_only=True, allow_none=True, dump_default=None, metadata={"description": description, **more})


class EmbedSchema(Schema):
    """A thing on another site. Media that show the same thing have the same `id` here."""

    id = ma.fields.Integer(dump_only=True)
    embed_type = ma.fields.String(allow_none=True, validate=[ma.validate.Length(1, 100), no_nul], metadata=KEPT)
    embed_id = ma.fields.String(allow_none=True, validate=[ma.validate.Length(1, 255), no_nul], metadata=KEPT)
    url = ma.fields.String(allow_none=True, validate=ma.validate.Length(1), metadata={"format": "uri"})
    metadata = ma.fields.Dict(
        keys=ma.fields.String(),
        allow_none=True,
        attribute="details",
        validate=small_json,
        metadata={"description": "As sent by the creator of the media, or for a link, as its page says"},
    )


class MediaSchema(Schema):
    """A media: an image, a document or a link that a page can show."""

    id = ma.fields.Integer(dump_only=True)
    hash_code = ma.fields.UUID(dump_only=True)
    added_at = Moment(dump_only=True)
    type = ma.fields.String(dump_only=True)
    title = _none(ma.fields.String)
    description = _none(ma.fields.String)
    url = _none(ma.fields.String, "URL of the file or the link", format="uri")
    keywords = _none(ma.fields.String)
    entities = _none(ma.fields.String)
    image = _none(ma.fields.String, "URL of the image, or of a document's first page", format="uri")
    image_width = _none(ma.fields.Integer, "Pixels, as a viewer shows the image")
    image_height = _none(ma.fields.Integer, "Pixels, as a viewer shows the image")
    image_mimetype = _none(ma.fields.String)
    image_thumbnail = ma.fields.Nested(ThumbnailSchema, dump_only=True, allow_none=True, dump_default=None)
    renditions = Ready(
        ma.fields.Nested(RenditionSchema),
        dump_only=True,
        dump_default=[],
        metadata={
            "description": "The picture in smaller sizes, the smallest first, each in several types. Their URLs work "
            "at once: one that is not made yet leads to the image"
        },
    )
    srcset = _none(
        ma.fields.String,
        "The renditions in WebP and the image itself, as the attribute `srcset` of an `<img>` takes them",
    )
    size = _none(ma.fields.Integer, "Bytes of the file")
    mimetype = _none(ma.fields.String, "The file's MIME type, detected from its bytes")
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
    choice_images = ma.fields.List(
        ma.fields.String(),
        dump_only=True,
        metadata={"description": "URLs of images on a link's page to choose from, best first"},
    )
    embed_type = _none(ma.fields.String)
    embed_id = _none(ma.fields.String)
    embed = ma.fields.Nested(EmbedSchema, dump_only=True, allow_none=True, dump_default=None)
    clicks = ma.fields.Integer(dump_only=True, metadata={"description": "Number of visitors who clicked it"})

    @cached_property
    def _of_the_row(self) -> list[str]:
        """The fields that have the names of columns."""
        return [name for name in self.fields if hasattr(Media, name)]

    @ma.pre_dump
    def _with_files(self, media: Media, **_: Any) -> dict[str, Any]:
        file, shown, thumbnail = media.file(Role.FILE), plans.shown(media), media.file(Role.THUMBNAIL)
        fields = {name: getattr(media, name) for name in self._of_the_row}
        at = absolute(folder_of(media.hash_code))
        fields |= {"type": type_name(media.type), "choice_images": media.choice_images or []}
        fields |= {name: getattr(media.embed, name, None) for name in ("embed_type", "embed_id")}
        if media.embed and media.embed_details is not None:
            own = {"url": media.url, "details": media.embed_details}
            fields["embed"] = {name: getattr(media.embed, name) for name in ("id", "embed_type", "embed_id")} | own
        if file:
            fields |= {"url": at + file.name, "size": file.size, "mimetype": file.mimetype}
        if shown:
            fields |= {
                "image": at + shown.name,
                "image_width": shown.width,
                "image_height": shown.height,
                "image_mimetype": shown.mimetype,
                **_renditions(media, shown, at),
            }
        if thumbnail:
            fields["image_thumbnail"] = {
                "url": at + thumbnail.name,
                "width": thumbnail.width,
                "height": thumbnail.height,
                "color": media.color,
                "blurhash": media.blurhash,
            }
        return fields


class CreatedMediaSchema(MediaSchema):
    """A media that was just created."""

    delete_token = _none(
        ma.fields.String,
        f"Deletes the media without a login: keep it and send it back as the header `{undo.HEADER}`. It is in no other "
        "answer. Null where a user made the media",
    )

    @ma.post_dump(pass_original=True)
    def _with_delete_token(self, fields: dict[str, Any], media: Media, **_: Any) -> dict[str, Any]:
        return fields | {"delete_token": undo.token_of(media)}


class ListedMediaSchema(MediaSchema):
    """A media in a list, which shows the creator to admins."""

    user_id = ma.fields.Raw(
        dump_only=True,
        metadata={
            "type": ["integer", "string", "null"],
            "description": "Only in an admin's list. Who made the media: a user's id, or `oidc:` and the name at the "
            "login provider; null without a token",
        },
    )

    @ma.post_dump(pass_original=True)
    def _with_creator(self, fields: dict[str, Any], media: Media, **_: Any) -> dict[str, Any]:
        user = auth.current_user()
        return fields | {"user_id": auth.name_of(media.creator_id)} if user and user.is_admin else fields


MediaPageSchema = page_of(ListedMediaSchema)


class ChunkCompleteMediaSchema(MediaSchema):
    """An upload whose chunks have all arrived, and the media that is made from it."""

    type = ma.fields.String(
        validate=ma.validate.OneOf(UPLOAD_TYPES),
        allow_none=True,
        metadata={"description": "Without it, or with `file`, the bytes decide"},
    )
    upload_id = ma.fields.String(load_only=True, required=True)
    md5 = ma.fields.String(
        load_only=True,
        required=True,
        validate=[
            ma.validate.Length(equal=32, error=NO_MD5),
            ma.validate.Regexp("^[0-9a-fA-F]*$", error=NO_MD5),
        ],
        metadata={
            "description": "MD5 of the whole file in hexadecimal digits",
            "example": "d41d8cd98f00b204e9800998ecf8427e",
        },
    )

    @ma.pre_load
    def _no_type(self, fields: Any, **_: Any) -> Any:
        return {name: value for name, value in fields.items() if (name, value) != ("type", "")}


class ClickSchema(Schema):
    """A click on a media, with the visitor's address if it is not that of the request."""

    ip = ma.fields.IP(
        allow_none=True,
        validate=_no_zone,
        metadata={
            "description": "IPv4 or IPv6 address of a visitor who has no token",
            "anyOf": [{"type": "null"}, {"format": "ipv4"}, {"format": "ipv6"}],
        },
    )

    @ma.pre_load
    def _without_empty(self, fields: Any, **_: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if value != ""}


def type_name(kind: str) -> str:
    """Return the name of the media type in answers, by `SCAPI_MEDIA_TYPE_NAMES`."""
    short = settings.media_type_names == "short"
    return SHORT_NAMES.get(MediaType(kind), kind) if short else kind


def _renditions(media: Media, shown: MediaFile, at: str) -> dict[str, Any]:
    """Return the fields about renditions, whose URLs begin with `at`. In a `srcset` each width may occur once."""
    said = [
        {"url": at + one.name, "width": one.width, "height": one.height, "mimetype": one.mimetype}
        for one in plans.versions(media)
    ]
    if not said:
        return {}
    by_width = {one["width"]: one["url"] for one in said if one["mimetype"] == WEBP}
    by_width.setdefault(shown.width, at + shown.name)
    return {"renditions": said, "srcset": ", ".join(f"{url} {width}w" for width, url in by_width.items())}
