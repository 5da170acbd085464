"""The endpoints of media."""

from typing import Any

from scapi import auth
from scapi.bodies import Blueprint
from scapi.database import MAX_ID
from scapi.extensions import db
from scapi.media import completion, files
from scapi.media.models import Media
from scapi.media.schemas import ChunkCompleteMediaSchema, MediaSchema
from scapi.refusals import Refused

ID = f"int(max={MAX_ID})"

blueprint = Blueprint("media", __name__, description="Images, documents and links that a page can show")


@blueprint.post("/media/upload/complete/")
@blueprint.arguments(ChunkCompleteMediaSchema, location="json_or_form")
@blueprint.response(201, ChunkCompleteMediaSchema)
@blueprint.doc(operationId="MediaChunkUploadComplete")
def complete_upload(fields: dict[str, Any]) -> Media:
    """Turn a fully uploaded file into a Media of type image, editor_image or document

    The MD5 must be that of the bytes that came. Called again, it answers the same media.
    """
    user_id = auth.require_writer()
    return completion.complete(fields["upload_id"], user_id, fields["md5"].lower(), fields.get("type"))


@blueprint.get(f"/media/<{ID}:id>/")
@blueprint.response(200, MediaSchema)
@blueprint.doc(operationId="MediaRetrieve")
def retrieve_media(id: int) -> Media:  # noqa: A002 - the API's own name for it
    """Return a Media"""
    return _found(id)


@blueprint.delete(f"/media/<{ID}:id>/")
@blueprint.response(204)
@blueprint.doc(operationId="mediadestroy")
def destroy_media(id: int) -> None:  # noqa: A002
    """Delete a Media and its files; for its creator only"""
    user = auth.require_user()
    media = _found(id)
    if media.creator_id != user.id:
        raise Refused("not_creator", "only the creator of a media may do that")
    keys = [file.key for file in media.files]
    db.session.delete(media)
    files.forget(keys)
    db.session.commit()
    files.delete_stale(keys)


def _found(media_id: int) -> Media:
    media = db.session.get(Media, media_id)
    if media is None:
        raise Refused("not_found", "there is no such media")
    return media
