"""Requests and answers for creating a media from a URL or an embed, and for choosing its image."""

import json
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from scapi.http.bodies import NULL_WORD
from scapi.media.models import MediaType
from scapi.media.schemas import KEPT, EmbedSchema, MediaSchema, no_nul
from scapi.previews.addresses import MAX_URL

TYPES = (MediaType.URL, MediaType.VIMEO, MediaType.EMBED, MediaType.IMAGE)

REQUIRED = {MediaType.EMBED: ("embed_type", "embed_id")}
"""The required fields per type; every other type requires `url`."""

NULL = str(ma.fields.Field.default_error_messages["null"])
MISSING = str(ma.fields.Field.default_error_messages["required"])


def _no_null(url: str) -> None:
    """Refuse the word that forms use for null."""
    if url == NULL_WORD:
        raise ma.ValidationError(NULL)


def _in_either(*names: str) -> dict[str, Any]:
    """Return the JSON Schema of a body with each of these fields, at the top level or in `embed`."""
    has = {name: {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}} for name in names}
    nested = [{"required": ["embed"], "properties": {"embed": {"type": "object", **has[name]}}} for name in names]
    return {"allOf": [{"anyOf": [has[name], within]} for name, within in zip(names, nested, strict=True)]}


class CreateMediaSchema(MediaSchema):
    """A link, an embed, or a picture on the web, and the media that is made from it.

    `url` is required for url, vimeo and image; `embed_type` and `embed_id` for embed, at the top level or in `embed`.
    """

    class Meta(MediaSchema.Meta):
        json_schema = {
            "anyOf": [
                {"properties": {"type": {"enum": ["embed"]}}, **_in_either("embed_type", "embed_id")},
                {"properties": {"type": {"enum": ["url", "vimeo", "image"]}}, **_in_either("url")},
            ]
        }

    type = ma.fields.String(required=True, validate=ma.validate.OneOf(TYPES))
    url = ma.fields.String(
        allow_none=True,
        validate=_no_null,
        metadata={"format": "uri", "maxLength": MAX_URL, "description": "URL of the link or the picture"},
    )
    embed_type = ma.fields.String(
        allow_none=True,
        validate=[ma.validate.Length(1, 100), no_nul],
        metadata={"description": "Any but sc_link, sc_vimeo, sc_shared_object and sc_shared_event", **KEPT},
    )
    embed_id = ma.fields.String(allow_none=True, validate=[ma.validate.Length(1, 255), no_nul], metadata=KEPT)
    embed = ma.fields.Nested(EmbedSchema, allow_none=True)

    @ma.pre_load
    def _without_empty(self, fields: Any, **_: Any) -> Any:
        given = {name: value for name, value in fields.items() if value not in (None, "")}
        if isinstance(given.get("embed"), str):  # forms cannot nest
            try:
                given["embed"] = json.loads(given["embed"])
            except (ValueError, RecursionError) as error:
                raise ma.ValidationError({"embed": ["Not valid JSON."]}) from error
        if isinstance(given.get("embed"), Mapping):
            given["embed"] = {name: value for name, value in given["embed"].items() if value is not None}
        return {name: value for name, value in given.items() if value is not None}

    @ma.validates_schema(skip_on_field_errors=True)
    def _complete(self, fields: dict[str, Any], **_: Any) -> None:
        nested = fields.get("embed", {})
        missing = [name for name in REQUIRED.get(fields["type"], ("url",)) if name not in fields and name not in nested]
        if missing:
            raise ma.ValidationError({name: [MISSING] for name in missing})

    @ma.post_load
    def _flat(self, fields: dict[str, Any], **_: Any) -> dict[str, Any]:
        nested = fields.pop("embed", {})
        if "details" in nested:
            nested["metadata"] = nested.pop("details")
        return {**fields, **nested}


class PatchedUpdateMediaSchema(MediaSchema):
    """The image to choose for a link (optional), and the updated media."""

    image = ma.fields.String(
        metadata={
            "format": "uri",
            "maxLength": MAX_URL,
            "description": "One of `choice_images`, or any other picture's URL",
        },
    )


class UpdateMediaSchema(PatchedUpdateMediaSchema):
    """The image to choose for a link, and the updated media."""

    class Meta(MediaSchema.Meta):
        json_schema = {"required": ["image"]}  # permissions are checked first
