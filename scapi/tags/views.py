"""The endpoints of tags."""

from typing import Any

from flask import request
from sqlalchemy import ColumnElement, Row, false, literal, select

from scapi.database import db
from scapi.http import auth, paging
from scapi.http.bodies import Blueprint
from scapi.settings import settings
from scapi.tags import rows
from scapi.tags.models import MediaTag, Tag, TagType
from scapi.tags.schemas import (
    PatchedTagSchema,
    SearchSchema,
    TagPageSchema,
    TagQuerySchema,
    TagSchema,
    TagTargetSchema,
    UserTagQuerySchema,
)
from scapi.tags.search import matching

READING = ("GET", "HEAD", "OPTIONS")

FILTERS = ("type", "active", "visible", "visibility_boost")

blueprint = Blueprint("tag", __name__, description="Labels for users, categories and contributions")


@blueprint.before_request
def require_writer() -> None:
    """Refuse a client that may not write tags by `SCAPI_TAG_WRITERS`: 401 without a token, 403 without the right."""
    writers = settings.tag_writers
    if request.method not in READING and writers == "users":
        auth.require_user()
    elif request.method not in READING and writers == "admins":
        auth.require_admin()


@blueprint.get("/tag/")
@blueprint.arguments(TagQuerySchema, location="query")
@blueprint.response(200, TagPageSchema)
@blueprint.refuses("invalid_cursor")
@blueprint.doc(operationId="listTags")
def list_tags(query: dict[str, Any]) -> dict[str, Any]:
    """List tags, the newest first

    Follow `next` to get every tag once, even while tags are added and deleted.
    """
    return _page(query)


@blueprint.get("/tag/search/")
@blueprint.arguments(TagQuerySchema, location="query")
@blueprint.response(200, TagPageSchema)
@blueprint.refuses("invalid_cursor")
@blueprint.doc(operationId="searchTags")
def search_tags(query: dict[str, Any]) -> dict[str, Any]:
    """Search tags of all types; without a search term, list them"""
    return _page(query)


@blueprint.get("/tag/user/search/")
@blueprint.arguments(UserTagQuerySchema, location="query")
@blueprint.response(200, TagPageSchema)
@blueprint.refuses("invalid_cursor")
@blueprint.doc(operationId="searchUserTags")
def search_user_tags(query: dict[str, Any]) -> dict[str, Any]:
    """Search tags of type user; without a search term, list them"""
    return _page({**query, "type": TagType.USER})


@blueprint.post("/tag/")
@blueprint.arguments(TagSchema, location="json_or_form")
@blueprint.response(201, TagSchema)
@blueprint.refuses("unique", "anonymous", "not_admin")
@blueprint.doc(operationId="createTag")
def create_tag(fields: dict[str, Any]) -> Row[Any]:
    """Create a tag"""
    return rows.add(fields)


@blueprint.get("/tag/<id:id>/")
@blueprint.arguments(SearchSchema, location="query")
@blueprint.response(200, TagSchema)
@blueprint.refuses("not_found")
@blueprint.doc(operationId="retrieveTag")
def retrieve_tag(query: dict[str, Any], id: int) -> Tag:  # noqa: A002 - the API's own name for it
    """Return a tag"""
    tag: Tag | None = db.session.scalar(select(Tag).where(*_one(id, query)))
    if tag is None:
        raise rows.not_found()
    return tag


@blueprint.put("/tag/<id:id>/")
@blueprint.arguments(SearchSchema, location="query")
@blueprint.arguments(TagSchema, location="json_or_form")
@blueprint.response(200, TagSchema)
@blueprint.refuses("unique", "anonymous", "not_admin", "not_found", "tag_assigned")
@blueprint.doc(operationId="updateTag")
def update_tag(query: dict[str, Any], fields: dict[str, Any], id: int) -> Row[Any]:  # noqa: A002
    """Change a tag; the name is required, other missing fields stay unchanged"""
    return _change(id, query, fields)


@blueprint.patch("/tag/<id:id>/")
@blueprint.arguments(SearchSchema, location="query")
@blueprint.arguments(PatchedTagSchema, location="json_or_form", required=False)
@blueprint.response(200, TagSchema)
@blueprint.refuses("unique", "anonymous", "not_admin", "not_found", "tag_assigned")
@blueprint.doc(operationId="partialUpdateTag")
def partial_update_tag(query: dict[str, Any], fields: dict[str, Any], id: int) -> Row[Any]:  # noqa: A002
    """Change some fields of a tag"""
    return _change(id, query, fields)


@blueprint.delete("/tag/<id:id>/")
@blueprint.arguments(SearchSchema, location="query")
@blueprint.response(204)
@blueprint.refuses("anonymous", "not_admin", "not_found")
@blueprint.doc(operationId="destroyTag")
def destroy_tag(query: dict[str, Any], id: int) -> None:  # noqa: A002
    """Delete a tag and its assignments"""
    if not rows.remove(_one(id, query)):
        raise rows.not_found()


@blueprint.post("/tag/<id:id>/assign/")
@blueprint.arguments(TagTargetSchema, location="json_or_form")
@blueprint.response(204)
@blueprint.refuses("type_mismatch", "unknown_media", "anonymous", "not_admin", "not_found")
@blueprint.doc(operationId="assignTag")
def assign_tag(target: dict[str, Any], id: int) -> None:  # noqa: A002
    """Assign a tag to a media, or to a user, a category or a contribution as the tag's type says

    Does nothing if the tag is assigned already.
    """
    rows.assign(id, **target)


@blueprint.post("/tag/<id:id>/unassign/")
@blueprint.arguments(TagTargetSchema, location="json_or_form")
@blueprint.response(204)
@blueprint.refuses("type_mismatch", "anonymous", "not_admin", "not_found")
@blueprint.doc(operationId="unassignTag")
def unassign_tag(target: dict[str, Any], id: int) -> None:  # noqa: A002
    """Unassign a tag from a media, a user, a category or a contribution

    Does nothing if the tag is not assigned.
    """
    rows.unassign(id, **target)


def _page(query: dict[str, Any]) -> dict[str, Any]:
    # as parameters: TRUE and FALSE in the text would make different statements
    filters = [getattr(Tag, name) == literal(query[name]) for name in FILTERS if name in query]
    gone = [false()] if query.get("deleted") else []
    if "media" in query:
        filters.append(Tag.id.in_(select(MediaTag.tag_id).where(MediaTag.media_id == query["media"])))
    return paging.page(Tag, [*filters, *gone, *matching(query["search"])], query)


def _one(tag_id: int, query: dict[str, Any]) -> list[ColumnElement[bool]]:
    return [Tag.id == tag_id, *matching(query["search"])]


def _change(tag_id: int, query: dict[str, Any], fields: dict[str, Any]) -> Row[Any]:
    row = rows.change(_one(tag_id, query), fields)
    if row is None:
        raise rows.not_found()
    return row
