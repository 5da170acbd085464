"""The endpoints of media."""

from typing import Any

from flask import request

from scapi.database import db
from scapi.http import auth
from scapi.http.blueprints import OF_THE_STORAGE
from scapi.http.bodies import Blueprint
from scapi.http.openapi import NEEDS_TOKEN
from scapi.http.paging import Order, page
from scapi.media import clicks, completion, deletion, undo
from scapi.media.links import creation, previews
from scapi.media.links.schemas import CreateMediaSchema, PatchedUpdateMediaSchema, UpdateMediaSchema
from scapi.media.listing import MediaQuerySchema, conditions
from scapi.media.models import Media, MediaType
from scapi.media.schemas import ChunkCompleteMediaSchema, ClickSchema, CreatedMediaSchema, MediaPageSchema, MediaSchema
from scapi.refusals import Refused
from scapi.uploads.views import REFUSED_FILE

# not by id alone: PostgreSQL would sometimes scan the media of all users by id to find those of one
NEWEST = Order("-added_at", ((Media.added_at, True), (Media.id, True)))

NOT_INSPECTED = ("busy", "inspection_failed")
"""Codes of failed inspections that say nothing about the file."""

blueprint = Blueprint(
    "media", __name__, description="Images, documents and links that a page can show", refuses=OF_THE_STORAGE
)

DELETE_TOKEN_PARAMETER = {
    "in": "header",
    "name": undo.HEADER,
    "schema": {"type": "string"},
    "description": "The `delete_token` of a media that was made without a token",
}


@blueprint.post("/media/upload/complete/")
@blueprint.arguments(ChunkCompleteMediaSchema, location="json_or_form")
@blueprint.response(201, CreatedMediaSchema)
@blueprint.refuses(
    "md5_mismatch",
    "type_mismatch",
    *REFUSED_FILE,
    "anonymous",
    "quota_exceeded",
    "upload_not_found",
    "upload_incomplete",
    "media_deleted",
    "upload_expired",
    "upload_gone",
    "file_too_large",
    "unsupported_file_type",
    "check_unavailable",
    *NOT_INSPECTED,
)
@blueprint.doc(operationId="MediaChunkUploadComplete")
def complete_upload(fields: dict[str, Any]) -> Media:
    """Turn a fully uploaded file into a Media of type image, editor_image or document

    The MD5 must be that of the sent bytes. Called again, it returns the same media.
    """
    user_id = auth.require_writer()
    return completion.complete(fields["upload_id"], user_id, fields["md5"].lower(), fields.get("type"))


@blueprint.get("/media/")
@blueprint.arguments(MediaQuerySchema, location="query")
@blueprint.response(200, MediaPageSchema)
@blueprint.refuses("invalid_cursor", "anonymous", "not_admin")
@blueprint.doc(operationId="listMedia", security=NEEDS_TOKEN)
def list_media(query: dict[str, Any]) -> dict[str, Any]:
    """List the media of the token's user (for an admin, of all users), the newest first

    Follow `next` to get every media once, even while media are added and deleted.
    """
    user = auth.require_user()
    return page(Media, conditions(query, user), {**query, "ordering": NEWEST})


@blueprint.post("/media/")
@blueprint.arguments(CreateMediaSchema, location="json_or_form")
@blueprint.response(201, CreatedMediaSchema)
@blueprint.refuses(
    "url_forbidden",
    "no_vimeo_url",
    "reserved_embed_type",
    "image_unavailable",
    "type_mismatch",
    "unsupported_file_type",
    "invalid_image",
    "too_many_pixels",
    "too_many_frames",
    "image_too_complex",
    "refused_by_check",
    "anonymous",
    "quota_exceeded",
    "file_too_large",
    "previews_busy",
    "check_unavailable",
    *NOT_INSPECTED,
)
@blueprint.doc(operationId="MediaCreate")
def create_media(fields: dict[str, Any]) -> Media:
    """Create a Media of type vimeo, url or embed, or an image from its URL

    If the type is embed then embed_type and embed_id are mandatory, for the others url is. Title, description and
    images are filled in from the page at url if it can be fetched within a few seconds.
    """
    user_id = auth.require_writer()
    return creation.create(MediaType(fields["type"]), fields, user_id)


@blueprint.put("/media/<id:id>/")
@blueprint.arguments(UpdateMediaSchema, location="json_or_form")
@blueprint.response(200, MediaSchema)
@blueprint.refuses("no_link", "url_forbidden", "invalid_image", "anonymous", "not_creator", "not_found")
@blueprint.doc(operationId="MediaUpdate", security=NEEDS_TOKEN)
def update_media(fields: dict[str, Any], id: int) -> Media:  # noqa: A002
    """Choose the image of a Media of type vimeo or url; for its creator only"""
    media = _own(id)
    if "image" not in fields:
        raise Refused("required", "the URL of an image was expected", field="image")
    return previews.choose_image(media, fields["image"])


@blueprint.patch("/media/<id:id>/")
@blueprint.arguments(PatchedUpdateMediaSchema, location="json_or_form", required=False)
@blueprint.response(200, MediaSchema)
@blueprint.refuses("no_link", "url_forbidden", "invalid_image", "anonymous", "not_creator", "not_found")
@blueprint.doc(operationId="MediaPartialUpdate", security=NEEDS_TOKEN)
def partial_update_media(fields: dict[str, Any], id: int) -> Media:  # noqa: A002
    """Choose the image of a Media of type vimeo or url; for its creator only"""
    media = _own(id)
    return previews.choose_image(media, fields["image"]) if "image" in fields else media


@blueprint.get("/media/<id:id>/")
@blueprint.response(200, MediaSchema)
@blueprint.refuses("not_found")
@blueprint.doc(operationId="retrieveMedia")
def retrieve_media(id: int) -> Media:  # noqa: A002 - the API's own name for it
    """Return a Media"""
    return _found(id)


@blueprint.post("/media/<id:id>/click/")
@blueprint.arguments(ClickSchema, location="json_or_form", required=False)
@blueprint.response(204)
@blueprint.refuses("not_found")
@blueprint.doc(operationId="clickMedia")
def click_media(fields: dict[str, Any], id: int) -> None:  # noqa: A002
    """Count a click on a Media

    The visitor is the token's user, or else the address of the request. An admin can set the visitor's address with
    `ip`; `ip` from others is ignored. A visitor who clicks again is not counted again.
    """
    user = auth.current_user()
    if user is not None and user.is_admin and fields.get("ip"):
        visitor = clicks.visitor_of(None, fields["ip"])
    else:  # a client that may set any address could find out whether it has clicked
        visitor = clicks.visitor_of(user.id if user else None, request.remote_addr)
    if not clicks.count(id, visitor):
        raise _not_found()


@blueprint.delete("/media/<id:id>/")
@blueprint.response(204)
@blueprint.refuses("anonymous", "invalid_delete_token", "not_creator", "not_found")
@blueprint.doc(operationId="mediadestroy", parameters=[DELETE_TOKEN_PARAMETER])
def destroy_media(id: int) -> None:  # noqa: A002
    """Delete a Media and its files; for its creator, for admins, and for anyone with its delete token

    `complete` and create return a delete token if the media is made without a token.
    """
    if sent := request.headers.get(undo.HEADER):
        media = _found(id)
        if not undo.fits(media, sent):
            raise Refused("invalid_delete_token", "the delete token is not that of this media")
        deletion.delete(media, None, how="its delete token")
        return
    media = _own(id, or_admin=True)
    deletion.delete(media, auth.current_user())


def _own(media_id: int, *, or_admin: bool = False) -> Media:
    """Return the media for its creator, with `or_admin` also for an admin. Raises Refused for anyone else."""
    user = auth.require_user()
    media = _found(media_id)
    if media.creator_id != user.id and not (or_admin and user.is_admin):
        raise Refused("not_creator", "only the creator of a media may do that")
    return media


def _found(media_id: int) -> Media:
    media = db.session.get(Media, media_id)
    if media is None:
        raise _not_found()
    return media


def _not_found() -> Refused:
    return Refused("not_found", "there is no such media")
