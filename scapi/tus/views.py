"""The endpoints of tus: creation, HEAD and GET, PATCH, DELETE, and OPTIONS."""

from collections.abc import Callable
from email.utils import format_datetime

from flask import Response, jsonify, request

from scapi.http import auth, incoming, urls
from scapi.http.blueprints import OF_THE_STORAGE
from scapi.http.bodies import Blueprint
from scapi.media import undo
from scapi.media.schemas import MediaSchema
from scapi.media.views import NOT_INSPECTED
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.tus import headers, joining, resources
from scapi.tus.headers import VERSION, Checksum, Concat, Metadata
from scapi.tus.models import TusUpload
from scapi.tus.resources import State
from scapi.uploads import append, ending
from scapi.uploads.assembly import Progress
from scapi.uploads.rules import Position
from scapi.uploads.views import REFUSED_FILE
from scapi.uploads.wire import AT_OFFSET, body_of, largest_file, name_media

PREFIX = "/tus/"
"""The path of the uploads, below the API."""

OFFSET_STREAM = "application/offset+octet-stream"

EXTENSIONS = (
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "expiration",
    "checksum",
    "termination",
    "concatenation",
    "concatenation-unfinished",
)

APPENDING = (
    *REFUSED_FILE,
    *NOT_INSPECTED,
    "anonymous",
    "check_unavailable",
    "checksum_mismatch",
    "file_too_large",
    "invalid_header",
    "md5_mismatch",
    "media_deleted",
    "offset_mismatch",
    "quota_exceeded",
    "superseded",
    "too_many_upload_bytes",
    "too_many_uploads",
    "total_mismatch",
    "type_mismatch",
    "unsupported_file_type",
    "unsupported_media_type",
    "unsupported_version",
    "upload_completed",
    "upload_expired",
    "upload_gone",
    "upload_not_found",
)
"""Codes of a request that sends bytes and may make the media."""

RESUMABLE = {
    "in": "header",
    "name": "Tus-Resumable",
    "required": True,
    "schema": {"type": "string", "enum": [VERSION]},
    "description": "The version of the protocol",
}

METHOD = {
    "in": "header",
    "name": "X-HTTP-Method-Override",
    "required": True,
    "schema": {"type": "string", "enum": ["PATCH", "DELETE", "HEAD"]},
    "description": "The method to use",
}

blueprint = Blueprint("tus", __name__, description="Uploads by tus 1.0.0", refuses=OF_THE_STORAGE)


@blueprint.before_request
def check_version() -> None:
    """Refuse other versions of the protocol. GET is not part of the protocol and needs no version."""
    asked = request.headers.get("Tus-Resumable")
    if asked != VERSION and (asked is not None or request.method in ("POST", "HEAD", "PATCH", "DELETE")):
        raise Refused("unsupported_version", f"Tus-Resumable must be {VERSION}")


@blueprint.after_request
def name_version(answer: Response) -> Response:
    """Add the version of the protocol to every answer."""
    answer.headers["Tus-Resumable"] = VERSION
    if answer.status_code == 412:
        answer.headers["Tus-Version"] = VERSION
    return answer


@blueprint.route(PREFIX, methods=["OPTIONS"])
@blueprint.response(204)
@blueprint.doc(operationId="describeTus")
def describe() -> Response:
    """Return the version and the extensions of tus that this server supports"""
    answer = Response(status=204)
    answer.headers["Tus-Version"] = VERSION
    answer.headers["Tus-Extension"] = ",".join(EXTENSIONS)
    answer.headers["Tus-Max-Size"] = str(largest_file())
    answer.headers["Tus-Checksum-Algorithm"] = ",".join(headers.CHECKSUMS)
    return answer


@blueprint.post(PREFIX)
@blueprint.response(201)
@blueprint.refuses(*APPENDING, "empty_chunk")
@blueprint.doc(operationId="createTusUpload", parameters=[RESUMABLE])
def create() -> Response:
    """Create an upload, optionally with its first bytes

    Upload-Metadata may have `filename`, `type` (as in ChunkCompleteMedia) and `md5`. The last bytes make the media,
    whose URL is in Scapi-Media.
    """
    user_id = auth.require_writer()
    metadata = Metadata.parse(request.headers.get("Upload-Metadata"))
    concat = Concat.parse(request.headers.get("Upload-Concat"), PREFIX)
    if concat is not None and concat.parts is not None:
        resource = resources.create_final(user_id, metadata, concat.parts, concat.sent)
        return _with_undo(joining.look(resource, user_id), _created)
    total = headers.total(request.headers.get("Upload-Length"), request.headers.get("Upload-Defer-Length"))
    resource, progress = resources.create(
        user_id, total, metadata, is_partial=concat is not None, concat=concat.sent if concat else None
    )
    if request.mimetype != OFFSET_STREAM:
        return _created(State(resource, progress.offset, progress.total, None))
    try:
        answer = _with_undo(_append(resource, user_id, 0), _created)
    except BaseException:
        ending.give_up(resource.id)  # the client would not learn its URL
        raise
    answer.headers["Upload-Offset"] = answer.headers.get("Upload-Offset", "0")
    return answer


@blueprint.get(f"{PREFIX}<string(length=32):upload_id>")
@blueprint.response(200)
@blueprint.refuses(*APPENDING)
@blueprint.doc(operationId="retrieveTusUpload")
def retrieve(upload_id: str) -> Response:
    """Return the offset of an upload and its media, if any; HEAD returns the headers only"""
    user_id = auth.current_user_id()
    resource = resources.find(upload_id, user_id)
    state = joining.look(resource, user_id) if resource.parts else resources.look(resource, user_id)
    answer = jsonify(
        upload_id=resource.id,
        offset=None if state.offset is None else str(state.offset),
        total=None if state.total is None else str(state.total),
        media=MediaSchema().dump(state.media) if state.media else None,
    )
    _describe(answer, state)
    if resource.sent_metadata:
        answer.headers["Upload-Metadata"] = resource.sent_metadata
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route(f"{PREFIX}<string(length=32):upload_id>", methods=["PATCH"])
@blueprint.response(204)
@blueprint.refuses(*APPENDING, "final_upload")
@blueprint.doc(operationId="appendTusUpload", parameters=[RESUMABLE, AT_OFFSET], requestBody=body_of(OFFSET_STREAM))
def append_bytes(upload_id: str) -> Response:
    """Append bytes at Upload-Offset; the last ones make the media"""
    user_id = auth.require_writer()
    resource = resources.find(upload_id, user_id)
    if resource.parts:
        raise Refused("final_upload", "this upload joins others and takes no bytes itself")
    if request.mimetype != OFFSET_STREAM:
        raise Refused("unsupported_media_type", f"Content-Type must be {OFFSET_STREAM}")
    offset = headers.number("Upload-Offset", request.headers.get("Upload-Offset"))
    if offset is None:
        raise Refused("invalid_header", "the header Upload-Offset is missing; expected a number of bytes")
    return _with_undo(_append(resource, user_id, offset), _appended)


@blueprint.delete(f"{PREFIX}<string(length=32):upload_id>")
@blueprint.response(204)
@blueprint.refuses("invalid_header", "unsupported_version", "upload_not_found")
@blueprint.doc(operationId="terminateTusUpload", parameters=[RESUMABLE])
def terminate(upload_id: str) -> Response:
    """Terminate an upload and delete its bytes; its media, if any, stays"""
    user_id = auth.current_user_id()
    resource = resources.find(upload_id, user_id)
    ending.give_up(resource.id)
    resources.forget(resource)
    return Response(status=204)


@blueprint.post(f"{PREFIX}<string(length=32):upload_id>")
@blueprint.response(204)
@blueprint.refuses(*APPENDING, "final_upload", "method_not_allowed")
@blueprint.doc(operationId="overrideTusMethod", parameters=[RESUMABLE, METHOD])
def override(upload_id: str) -> Response:
    """Apply X-HTTP-Method-Override, for clients that cannot send PATCH or DELETE"""
    views = {"PATCH": append_bytes, "DELETE": terminate, "HEAD": retrieve}
    view = views.get(request.headers.get("X-HTTP-Method-Override", "").upper())
    if view is None:
        raise Refused("method_not_allowed", "expected X-HTTP-Method-Override: PATCH, DELETE or HEAD")
    answer: Response = view(upload_id)
    return answer


def _append(resource: TusUpload, user_id: int | None, offset: int) -> State:
    """Store the body of the request; return the new state of the upload."""
    length = headers.number("Upload-Length", request.headers.get("Upload-Length"))
    checksum = request.headers.get("Upload-Checksum")
    size = request.content_length
    request.max_content_length = largest_file()
    progress: Progress = append.stream(
        resource.id,
        user_id,
        Position(offset, offset + size if size else None, length),
        lambda silent: incoming.blocks(request, silent),
        check=None if checksum is None else Checksum(checksum),
    )
    state = resources.after(resource, progress, user_id)
    if resource.partial and state.is_finished:
        joining.after_part(resource)
    return state


def _with_undo(state: State, answered: Callable[[State], Response]) -> Response:
    """Return the answer to a request that may have made the media, with the media's delete token."""
    answer = answered(state)
    if state.media is not None and (token := undo.token_of(state.media)):
        answer.headers[undo.HEADER] = token
    return answer


def _appended(state: State) -> Response:
    answer = Response(status=204)
    _describe(answer, state)
    return answer


def _created(state: State) -> Response:
    answer = Response(status=201)
    _describe(answer, state)
    path = f"{urls.API}{PREFIX}{state.resource.id}"
    answer.headers["Location"] = settings.public_url.rstrip("/") + request.script_root + path
    return answer


def _describe(answer: Response, state: State) -> None:
    """Add the offset and the other headers about the upload to the answer."""
    resource = state.resource
    if state.offset is not None:
        answer.headers["Upload-Offset"] = str(state.offset)
    if state.total is not None:
        answer.headers["Upload-Length"] = str(state.total)
    elif not resource.parts:
        answer.headers["Upload-Defer-Length"] = "1"
    if resource.concat:
        answer.headers["Upload-Concat"] = resource.concat
    if not state.is_finished:
        answer.headers["Upload-Expires"] = format_datetime(resource.expires_at, usegmt=True)
    if state.media is not None:
        name_media(answer, state.media.id)
