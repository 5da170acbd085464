"""The endpoints of uploads; `complete` is in `scapi.media`."""

from typing import Any

from flask import request

from scapi.http import auth
from scapi.http.blueprints import OF_THE_STORAGE
from scapi.uploads import chunks, ending, offsets
from scapi.uploads.assembly import Progress
from scapi.uploads.chunks import ChunkBlueprint
from scapi.uploads.rows import UploadRow
from scapi.uploads.rules import Position
from scapi.uploads.schemas import ChunkMediaSchema, UploadSchema

REFUSED_FILE = (
    "refused_by_check",
    "invalid_image",
    "too_many_pixels",
    "too_many_frames",
    "image_too_complex",
    "invalid_pdf",
    "pdf_too_complex",
    "inspection_crashed",
    "upload_gone",
)
"""Codes of refused files; later requests for the upload get the same answer."""

blueprint = ChunkBlueprint("uploads", __name__, description="Uploading a file in chunks", refuses=OF_THE_STORAGE)

CONTENT_RANGE_PARAMETER = {
    "in": "header",
    "name": "Content-Range",
    "schema": {"type": "string"},
    "description": "The chunk's position, its last byte inclusive, such as `bytes 0-204799/1048576`. Without it and "
    "without `offset` the first chunk is the whole file.",
}


@blueprint.post("/media/upload/chunk/")
@blueprint.arguments(ChunkMediaSchema(), location="chunk")
@blueprint.response(201, ChunkMediaSchema)
@blueprint.refuses(
    "digest_mismatch",
    "empty_chunk",
    "invalid_content_range",
    "invalid_digest",
    "invalid_offset",
    "length_mismatch",
    "total_mismatch",
    *REFUSED_FILE,
    "anonymous",
    "quota_exceeded",
    "upload_not_found",
    "offset_mismatch",
    "superseded",
    "upload_completed",
    "upload_expired",
    "file_too_large",
    "unsupported_file_type",
    "too_many_streams",
    "too_many_uploads",
    "too_many_upload_bytes",
)
@blueprint.doc(operationId="MediaChunkUpload", parameters=[CONTENT_RANGE_PARAMETER])
def upload_chunk(fields: dict[str, Any]) -> Progress:
    """Upload a chunk of an image or a document (PDF)

    Send the chunks of a file one after another. The first has no `upload_id`; its answer contains it. A chunk whose
    answer got lost may be sent again.
    """
    user_id = auth.require_writer()
    chunk, upload_id = fields["file"], fields.get("upload_id")
    position = Position.parse(request.headers.get("Content-Range"), fields.get("offset"))
    if not upload_id:
        return chunks.begin(chunk, position, user_id)
    # the answer to a later chunk without a position is the expected offset
    return chunks.go_on(upload_id, chunk, position or Position(0), user_id)


@blueprint.get("/media/upload/<string(length=32):upload_id>/")
@blueprint.response(200, UploadSchema)
@blueprint.refuses(*REFUSED_FILE, "upload_not_found", "upload_expired")
@blueprint.doc(operationId="retrieveUpload")
def retrieve_upload(upload_id: str) -> UploadRow:
    """Return the offset of an upload, from which a client can go on"""
    return offsets.look(upload_id, auth.current_user_id())


@blueprint.delete("/media/upload/<string(length=32):upload_id>/")
@blueprint.response(204)
@blueprint.refuses("upload_not_found", "upload_completed", "upload_expired")
@blueprint.doc(operationId="abortUpload")
def abort_upload(upload_id: str) -> None:
    """Abort an unfinished upload and delete its bytes"""
    ending.abort(upload_id, auth.current_user_id())
