"""The endpoints of resumable uploads: POST to media creates one; HEAD, PATCH and DELETE on its resource."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.http import parse_options_header

from scapi.http import auth, incoming, urls
from scapi.http.blueprints import OF_THE_STORAGE
from scapi.http.bodies import Blueprint
from scapi.media import completion
from scapi.media.models import Media
from scapi.media.schemas import CreatedMediaSchema
from scapi.media.views import NOT_INSPECTED
from scapi.media.views import blueprint as media_blueprint
from scapi.refusals import Refused
from scapi.resumable import interim, resources
from scapi.resumable.fields import PARTIAL_UPLOAD, Fields, digest_field, digests, wants_md5
from scapi.resumable.models import UploadResource
from scapi.resumable.problems import answered
from scapi.settings import settings
from scapi.uploads import digests as of_requests
from scapi.uploads import ending, md5, offsets
from scapi.uploads.assembly import Progress
from scapi.uploads.digests import Digests
from scapi.uploads.models import Status
from scapi.uploads.rules import Position
from scapi.uploads.views import REFUSED_FILE
from scapi.uploads.wire import AT_OFFSET, body_of, largest_file, name_media

PATH = "/resumable/<string(length=32):upload_id>"

BEGINNING = "media.create_media"
"""The endpoint whose POST may create a resumable upload."""

COMPLETE = {
    "in": "header",
    "name": "Upload-Complete",
    "required": True,
    "schema": {"type": "string", "enum": ["?0", "?1"]},
    "description": "Whether the file ends with these bytes",
}

blueprint = Blueprint("resumable", __name__, description="Resumable uploads of HTTP itself", refuses=OF_THE_STORAGE)


def limit() -> str:
    """Return the value of Upload-Limit: bytes of the largest file, and seconds until an unfinished upload expires."""
    return f"max-size={largest_file()}, max-age={settings.upload_ttl}"


def register(app: Flask) -> None:
    """Let the POST that creates media also create resumable uploads. Call it after media's views are registered."""
    app.view_functions[BEGINNING] = _beginning(app.view_functions[BEGINNING])


def _beginning(create_media: Callable[..., Any]) -> Callable[..., Any]:
    begin = answered(limit)(_begin)

    def view() -> Any:
        fields = Fields.of(request.headers)
        return create_media() if fields.complete is None else begin(fields)

    return view


@media_blueprint.after_request
@blueprint.after_request
def _announce(answer: Response) -> Response:
    """Add Upload-Limit to the answer of OPTIONS."""
    rule = request.url_rule.rule if request.url_rule else ""
    if request.method == "OPTIONS" and (rule == f"{urls.API}/media/" or request.blueprint == blueprint.name):
        answer.headers["Accept-Patch"] = PARTIAL_UPLOAD
        answer.headers["Upload-Limit"] = limit()
    return answer


def _begin(fields: Fields) -> Response:
    user_id = auth.require_writer()
    size = request.content_length
    length = fields.length
    if fields.complete and size is not None:
        if length not in (None, size):
            raise resources.inconsistent(f"Upload-Length is {length} bytes; the complete upload has {size}")
        length = size
    if length is not None and (size or 0) > length:
        raise resources.inconsistent(f"Upload-Length is {length} bytes; the request has {size}")
    filename = parse_options_header(request.headers.get("Content-Disposition", ""))[1].get("filename", "")
    resource = resources.create(user_id, filename, length, digests(request.headers.get("Repr-Digest")))
    where = {"Location": _location(resource), "Upload-Limit": limit(), **_version(fields)}
    interim.send(request, where)
    try:
        progress = _extend(resource, fields, Position(0, size or None, length))
    except Refused:
        ending.give_up(resource.id)
        raise
    if not progress.is_whole:
        return _described(Response(status=201), fields, progress.offset, None, where)
    media = resources.finish(resource)
    return _described(_made(media), fields, progress.offset, media, {**_version(fields), "Upload-Limit": limit()})


@blueprint.route(PATH, methods=["HEAD"])
@blueprint.response(204)
@blueprint.refuses(
    *REFUSED_FILE, *NOT_INSPECTED, "upload_expired", "upload_not_found", "upload_gone", "check_unavailable"
)
@blueprint.doc(operationId="describeUploadResource")
@answered(limit)
def describe(upload_id: str) -> Response:
    """Return the offset of an upload; if its file is complete, its media is made now"""
    fields, user_id = Fields.of(request.headers), auth.current_user_id()
    resource = resources.find(upload_id, user_id)
    upload = offsets.look(upload_id, user_id, durable=True)
    is_made = upload.offset == upload.total and completion.may_answer(upload)
    media = resources.finish(resource) if is_made else None
    more = {"Upload-Limit": limit(), "Cache-Control": "no-store", **_version(fields)}
    if upload.total is not None:
        more["Upload-Length"] = str(upload.total)
    if media is not None and wants_md5(request.headers.get("Want-Repr-Digest")):
        known = md5.hexdigest(upload.md5)
        more |= {} if known is None else {"Repr-Digest": digest_field("md5", bytes.fromhex(known))}
    return _described(Response(status=204), fields, upload.offset, media, more)


@blueprint.route(PATH, methods=["PATCH"])
@blueprint.response(204)
@blueprint.refuses(
    *REFUSED_FILE,
    *NOT_INSPECTED,
    "anonymous",
    "check_unavailable",
    "completed_upload",
    "digest_mismatch",
    "file_too_large",
    "inconsistent_upload_length",
    "invalid_digest",
    "invalid_header",
    "md5_mismatch",
    "media_deleted",
    "offset_mismatch",
    "quota_exceeded",
    "superseded",
    "unsupported_file_type",
    "unsupported_media_type",
    "upload_expired",
    "upload_gone",
    "upload_not_found",
)
@blueprint.doc(
    operationId="appendToUploadResource", parameters=[AT_OFFSET, COMPLETE], requestBody=body_of(PARTIAL_UPLOAD)
)
@answered(limit)
def extend(upload_id: str) -> Response:
    """Append bytes at Upload-Offset; the last request makes the media"""
    fields, user_id = Fields.of(request.headers), auth.require_writer()
    resource = resources.find(upload_id, user_id)
    if fields.wants_media_type and request.mimetype != PARTIAL_UPLOAD:
        raise Refused("unsupported_media_type", f"Content-Type must be {PARTIAL_UPLOAD}")
    if fields.offset is None or fields.complete is None:
        raise Refused("invalid_header", "expected the headers Upload-Offset, an integer, and Upload-Complete, ?0 or ?1")
    size = request.content_length
    _check_lengths(upload_id, user_id, fields, size)
    position = Position(fields.offset, fields.offset + size if size else None, fields.length)
    progress = _extend(resource, fields, position)
    if not progress.is_whole:
        answer = Response(status=204)
        return _described(answer, fields, progress.offset, None, {"Upload-Limit": limit(), **_version(fields)})
    media = resources.finish(resource)
    return _described(_made(media), fields, progress.offset, media, {"Upload-Limit": limit(), **_version(fields)})


@blueprint.delete(PATH)
@blueprint.response(204)
@blueprint.refuses("upload_not_found")
@blueprint.doc(operationId="cancelUploadResource")
def cancel(upload_id: str) -> Response:
    """Cancel an upload and delete its bytes; its media, if any, stays"""
    resources.forget(resources.find(upload_id, auth.current_user_id()))
    return Response(status=204)


def _check_lengths(upload_id: str, user_id: int | None, fields: Fields, size: int | None) -> None:
    """Refuse an append whose length differs from the known one; the upload does not change."""
    upload = offsets.look(upload_id, user_id)
    if upload.status == Status.COMPLETED:
        raise Refused("completed_upload", "this upload is complete and takes no more bytes")
    total = upload.total
    if total is not None and fields.length not in (None, total):
        raise resources.inconsistent(f"the length of the upload is {total} bytes, not {fields.length}")
    known = total if total is not None else fields.length
    if fields.complete and size is not None and known is not None and fields.offset == upload.offset:
        ends = upload.offset + size
        if ends < known:
            raise resources.inconsistent(f"the complete upload has {ends} bytes; its length is {known}")


def _extend(resource: UploadResource, fields: Fields, position: Position) -> Progress:
    """Store the request's body."""
    wanted = of_requests.parse(request.headers.get("Content-Digest"), None)
    request.max_content_length = largest_file()
    return resources.extend(
        resource,
        position,
        lambda silent: incoming.blocks(request, silent),
        last=bool(fields.complete),
        check=Digests(wanted) if wanted else None,
    )


def _made(media: Media) -> Response:
    answer = jsonify(CreatedMediaSchema().dump(media))
    answer.status_code = 201
    return answer


def _described(answer: Response, fields: Fields, offset: int, media: Media | None, more: dict[str, str]) -> Response:
    """Add the offset and the other headers about the upload to the answer."""
    answer.headers["Upload-Offset"] = str(offset)
    answer.headers.update({**fields.describe(media is not None), **more})
    if media is not None:
        name_media(answer, media.id)
    return answer


def _location(resource: UploadResource) -> str:
    return f"{settings.public_url.rstrip('/')}{request.script_root}{urls.API}/resumable/{resource.id}"


def _version(fields: Fields) -> dict[str, str]:
    return {} if fields.version is None else {"Upload-Draft-Interop-Version": str(fields.version)}
