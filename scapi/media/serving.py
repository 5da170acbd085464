"""`/media/<hash_code>/<name>`: the files of media, for anyone who has their URL."""

import uuid

from flask import Blueprint, Response, redirect, request
from sqlalchemy import select
from werkzeug.datastructures import Range
from werkzeug.exceptions import PreconditionFailed, RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from scapi import storage as storages
from scapi.database import can_be_kept, db
from scapi.http import byte_ranges, callers, dispositions
from scapi.http.urls import absolute
from scapi.media import plans, settling
from scapi.media.files import path_of
from scapi.media.models import Media, MediaFile, Role
from scapi.media.renditions import asking
from scapi.refusals import Refused
from scapi.settings import settings
from storage_backends import NotFound

blueprint = Blueprint("files", __name__)

REDIRECT_CACHE_CONTROL = "private, max-age=300"
"""Five minutes: a presigned URL is still valid for longer than that when it is sent."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@blueprint.get("/media/<uuid:hash_code>/<name>")
def serve(hash_code: uuid.UUID, name: str) -> BaseResponse:
    """Send a file, whole or by Range, or redirect to its URL at the storage."""
    named = (Media.hash_code == hash_code, MediaFile.name == name, MediaFile.role != Role.ORIGINAL)
    file = db.session.scalar(select(MediaFile).join(Media).where(*named)) if can_be_kept(name) else None
    if file is None:
        answer = _rendition(hash_code, name)
    elif file.lost_at:
        raise Refused("file_lost", "this file has been lost; its media may be deleted")
    else:
        answer = _answer(_checked(file))
    answer.headers.update(HEADERS)
    return answer


def _rendition(hash_code: uuid.UUID, name: str) -> BaseResponse:
    """Wait for a rendition that is not made yet and send it. If that takes too long, redirect to the picture."""
    media = asking.planned(hash_code, name) if can_be_kept(name) else None
    picture = plans.shown(media) if media else None
    if media is None or picture is None:
        raise _not_found()
    instead = absolute(path_of(hash_code, picture))
    if file := asking.wait_for(media, name):
        return _answer(file)
    answer = redirect(instead)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _checked(file: MediaFile) -> MediaFile:
    try:
        return settling.check(file, callers.who())
    except NotFound as error:  # the picture cannot be made again
        raise _not_found() from error


def _answer(file: MediaFile) -> BaseResponse:
    storage = storages.of(file.storage)
    if url := storage.url(file.key, file.mimetype, disposition(file)):
        return _head(file) if request.method == "HEAD" else _redirect(url)
    location = settings.accel_redirect
    if location and (path := storage.web_path(file.key)):
        return _hand_over(file, location + path)
    return _send(file)


def disposition(file: MediaFile) -> str:
    """Return the Content-Disposition of a file."""
    return dispositions.disposition(file.title, file.name, file.mimetype)


def _head(file: MediaFile) -> BaseResponse:
    """Answer a HEAD from the file's row. A presigned URL is valid for GET only: a HEAD on it would get 403."""
    answer = _described(file)
    answer.content_length = file.size
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Cache-Control"] = REDIRECT_CACHE_CONTROL
    return answer


def _redirect(url: str) -> BaseResponse:
    answer = redirect(url)
    answer.headers["Cache-Control"] = REDIRECT_CACHE_CONTROL
    answer.vary.add("Origin")  # S3 sends it only to scripts: they would get from the cache what an <img> got
    return answer


def _described(file: MediaFile) -> Response:
    """Return an answer without a body, with the headers of the file."""
    answer = Response(mimetype=file.mimetype)
    answer.headers["Content-Disposition"] = disposition(file)
    answer.headers["Cache-Control"] = settings.cache_control
    return answer


def _hand_over(file: MediaFile, path: str) -> Response:
    """Let nginx send the file (X-Accel-Redirect): nginx sets body, length and ETag, and handles ranges and conditions.

    A range outside the file is refused here: nginx would send the 416 with the file's headers, and caches would keep
    it.
    """
    asked = _part(file) if "If-Range" not in request.headers else None
    if asked and asked.range_for_length(file.size) is None:
        raise RequestedRangeNotSatisfiable(file.size)
    answer = _described(file)
    answer.headers["X-Accel-Redirect"] = path
    return answer


def _send(file: MediaFile) -> Response:
    answer = _described(file)
    answer.content_length = file.size
    answer.headers["Accept-Ranges"] = "bytes"
    answer.set_etag(f"{file.id}-{file.size}" if file.cleaned is None else f"{file.id}-{file.size}-{file.cleaned}")
    environ = {**request.environ, "HTTP_RANGE": _range(file)}
    answer.make_conditional(environ, accept_ranges=_part(file) is not None, complete_length=file.size)
    if answer.status_code == 412:
        raise PreconditionFailed("the file does not match If-Match")
    if answer.status_code == 304:
        return answer
    part = answer.content_range
    start, length = (part.start or 0, (part.stop or 0) - (part.start or 0)) if part else (0, None)
    try:
        stream = storages.of(file.storage).open(file.key, start, length)
    except NotFound as error:
        raise _not_found() from error
    answer.response = wrap_file(request.environ, stream)
    answer.direct_passthrough = True
    answer.call_on_close(stream.close)
    return answer


def _range(file: MediaFile) -> str:
    return byte_ranges.of_file(request.headers.get("Range", ""), file.size)


def _part(file: MediaFile) -> Range | None:
    """Return the range if just one range of bytes is requested. Else the whole file may be sent (RFC 9110, 14.2).

    If-None-Match is evaluated first (section 13.2.2).
    """
    asked = parse_range_header(_range(file))
    one = asked is not None and asked.units == "bytes" and len(asked.ranges) == 1
    return asked if one and not request.if_none_match else None


def _not_found() -> Refused:
    return Refused("not_found", "there is no such file")
