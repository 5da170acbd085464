"""Requests and answers about tags."""

from typing import Any

import marshmallow as ma

from scapi.http.bodies import Moment, Schema
from scapi.http.paging import Ordering, PageQuerySchema, page_of
from scapi.tags.fields import Color, Id, Name, Text, UserId
from scapi.tags.models import MEDIA, Tag, TagType

MAX_NAME = 64
"""Characters. This limit and the next are those of the public API."""

MAX_DESCRIPTION = 500

TYPES = ma.validate.OneOf(list(TagType))

COLUMNS = {
    "id": Tag.id,
    "name": Tag.folded_name,
    "description": Tag.folded_description,
    "color": Tag.color,
    "visible": Tag.visible,
    "active": Tag.active,
    "created_at": Tag.created_at,
    "type": Tag.type,
    "visibility_boost": Tag.visibility_boost,
}
"""The fields that a list can be ordered by. Texts are ordered without case and accents."""


class TagSchema(Schema):
    """A label for users, categories or contributions."""

    id = ma.fields.Integer(dump_only=True)
    name = Name(
        required=True,
        min_length=1,
        max_length=MAX_NAME,
        metadata={"description": "Unique among the tags of its type, ignoring case"},
    )
    description = Text(max_length=MAX_DESCRIPTION, allow_none=True)
    color = Color(metadata={"description": "#rgb or #rrggbb", "example": "#808080"})
    visible = ma.fields.Boolean()
    active = ma.fields.Boolean()
    created_at = Moment(dump_only=True)
    type = ma.fields.String(validate=TYPES, metadata={"description": "What it can be assigned to"})
    visibility_boost = ma.fields.Boolean()
    deleted = ma.fields.Boolean(
        dump_only=True, dump_default=False, metadata={"description": "Always false: deleted tags are removed"}
    )


class PatchedTagSchema(TagSchema):
    """The fields of a tag to change."""

    name = Name(min_length=1, max_length=MAX_NAME)


TagPageSchema = page_of(TagSchema)


class SearchSchema(Schema):
    """The query parameter of every operation: a tag that does not match the search counts as missing."""

    search = Text(
        load_default="",
        metadata={"description": "A search term: any part of the name or description, without case and accents"},
    )


class UserTagQuerySchema(PageQuerySchema, SearchSchema):
    """The query parameters of a list of tags."""

    ordering = Ordering(COLUMNS, default="-created_at")
    active = ma.fields.Boolean()
    visible = ma.fields.Boolean()
    visibility_boost = ma.fields.Boolean()
    deleted = ma.fields.Boolean(metadata={"description": "true finds nothing: deleted tags are removed"})


class TagQuerySchema(UserTagQuerySchema):
    """The query parameters of a list of tags of all types."""

    type = ma.fields.String(validate=TYPES)
    media = Id(metadata={"description": "Only the tags of the media with this id"})


class TagTargetSchema(Schema):
    """The target of an assignment, exactly one: a media, or a thing of the tag's type."""

    class Meta(Schema.Meta):
        json_schema = {
            "oneOf": [
                {"required": [kind], "properties": {kind: {"not": {"type": "null"}}}} for kind in (*TagType, MEDIA)
            ]
        }

    user = UserId(allow_none=True)
    category = Id(allow_none=True)
    contribution = Id(allow_none=True)
    media = Id(allow_none=True)

    @ma.post_load
    def _one(self, fields: dict[str, int | str | None], **_: Any) -> dict[str, Any]:
        given = [(name, target) for name, target in fields.items() if target is not None]
        if len(given) != 1:
            raise ma.ValidationError("expected exactly one of user, category, contribution and media")
        return {"type": given[0][0], "target": given[0][1]}
