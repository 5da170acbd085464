"""The endpoints of tus: creation, HEAD and GET, PATCH, DELETE, and what OPTIONS says of them."""

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
from scapi.uploads.ranges import Position
from scapi.uploads.views import REFUSED_FILE
from scapi.uploads.wire import AT_OFFSET, body_of, largest_file, name_media

PREFIX = "/tus/"
"""Where the uploads are, below the API."""

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
"""Codes of a request that brings bytes, the last of which make the media."""

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
    "description": "What to do",
}

blueprint = Blueprint("tus", __name__, description="Uploads by tus 1.0.0", refuses=OF_THE_STORAGE)


@blueprint.before_request
def check_version() -> None:
    """Refuse another version of the protocol than ours. GET is no request of the protocol, and needs none."""
    asked = request.headers.get("Tus-Resumable")
    if asked != VERSION and (asked is not None or request.method in ("POST", "HEAD", "PATCH", "DELETE")):
        raise Refused("unsupported_version", f"Tus-Resumable must be {VERSION}")


@blueprint.after_request
def name_version(answer: Response) -> Response:
    """Say in every answer which version of the protocol this is."""
    answer.headers["Tus-Resumable"] = VERSION
    if answer.status_code == 412:
        answer.headers["Tus-Version"] = VERSION
    return answer


@blueprint.route(PREFIX, methods=["OPTIONS"])
@blueprint.response(204)
@blueprint.doc(operationId="describeTus")
def describe() -> Response:
    """Say which parts of tus this server speaks"""
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
    """Create an upload, perhaps with its first bytes

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
        ending.give_up(resource.id)  # its client never hears where it is
        raise
    answer.headers["Upload-Offset"] = answer.headers.get("Upload-Offset", "0")
    return answer


@blueprint.get(f"{PREFIX}<string(length=32):upload_id>")
@blueprint.response(200)
@blueprint.refuses(*APPENDING)
@blueprint.doc(operationId="retrieveTusUpload")
def retrieve(upload_id: str) -> Response:
    """Return how far an upload has come, and the media that was made of it; HEAD answers the headers alone"""
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
    """Send bytes from Upload-Offset on; the last ones make the media"""
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
    """End an upload; nothing of it is kept but the media that was made of it"""
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
    """Do what X-HTTP-Method-Override says, for clients that cannot send PATCH or DELETE"""
    views = {"PATCH": append_bytes, "DELETE": terminate, "HEAD": retrieve}
    view = views.get(request.headers.get("X-HTTP-Method-Override", "").upper())
    if view is None:
        raise Refused("method_not_allowed", "expected X-HTTP-Method-Override: PATCH, DELETE or HEAD")
    answer: Response = view(upload_id)
    return answer


def _append(resource: TusUpload, user_id: int | None, offset: int) -> State:
    """Store the body of the request, and return the state of the upload after it."""
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
    """Return the answer to the request that may have made the media, with the token to delete it without a login."""
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
    """Put into the answer how far the upload has come."""
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
