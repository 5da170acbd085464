"""Every error that the API answers: its code, its status, what it means and what a client can do.

The answers, the OpenAPI document and docs/errors.md all come from `ERRORS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

PHRASES = {**{status.value: status.phrase for status in HTTPStatus}, 460: "Checksum Mismatch"}
"""The names of HTTP statuses, with those that tus adds."""


@dataclass(frozen=True, slots=True)
class Error:
    """An error: the HTTP status, what it means, and what a client can do."""

    status: int
    meaning: str
    remedy: str


AGAIN = "Try again after the seconds in Retry-After."

ERRORS: Mapping[str, Error] = {
    # The request
    "bad_request": Error(400, "The request is not valid HTTP or its body is broken.", "Send a valid request."),
    "invalid": Error(400, "A field has a value that is not allowed.", "Correct the field that `errors` names."),
    "null": Error(400, "A field is null and must not be.", "Leave the field out or give it a value."),
    "blank": Error(400, "A text is empty and must not be.", "Send a text that a reader can see."),
    "max_length": Error(400, "A text is longer than the limit.", "Send a shorter text."),
    "twice": Error(400, "A list is ordered by the same field twice.", "Name each field once."),
    "unkeepable": Error(400, "A text has a NUL or an unpaired surrogate in it.", "Send valid Unicode without NUL."),
    "unknown": Error(400, "A list has no field of that name.", "Use a name that the message lists."),
    "required": Error(400, "A field is missing.", "Send the field that `errors` names."),
    "unique": Error(400, "A tag of that type and name exists already.", "Choose another name, or use that one."),
    "invalid_ip": Error(400, "A field is not an IP address.", "Send an IPv4 or IPv6 address."),
    "type": Error(400, "A field has a value of another JSON type.", "Send an object."),
    "invalid_cursor": Error(400, "The cursor of a list is not valid.", "Follow `next` of an answer, or begin again."),
    "request_entity_too_large": Error(413, "The request is larger than the limit.", "Send smaller chunks."),
    "unsupported_media_type": Error(
        415, "The Content-Type of the body is not one that the operation takes.", "Send JSON or a form."
    ),
    "precondition_failed": Error(412, "The file is not the one that If-Match names.", "Load the file again."),
    "file_lost": Error(410, "The storage has lost the file.", "Upload the file again."),
    "read_only": Error(503, "The service accepts no writes at the moment.", AGAIN),
    "requested_range_not_satisfiable": Error(416, "The range begins behind the end of the file.", "Ask for less."),
    "method_not_allowed": Error(405, "The address exists, but not for this method.", "Use a method that Allow names."),
    "not_found": Error(404, "There is nothing at this address.", "Check the id."),
    # Who asks
    "anonymous": Error(401, "The operation needs a token.", "Send a bearer token in the Authorization header."),
    "invalid_token": Error(401, "The token is not valid or has expired.", "Get a new token."),
    "invalid_delete_token": Error(
        403, "The delete token belongs to another media.", "Send the token from the 201 of this media."
    ),
    "not_admin": Error(403, "Only an admin may do this.", "Ask an admin."),
    "not_creator": Error(403, "Only the creator of the media may do this.", "Use the creator's token."),
    "origin_forbidden": Error(403, "The page's origin must not write here.", "Ask the operator (SCAPI_CORS_ORIGINS)."),
    # How much
    "quota_exceeded": Error(403, "The file exceeds the quota of the user.", "Delete media of this user."),
    "rate_limited": Error(429, "Too many requests came in a short time.", AGAIN),
    "too_many_upload_bytes": Error(429, "The unfinished uploads are too large together.", "Complete or abort one."),
    "too_many_uploads": Error(429, "There are too many unfinished uploads.", "Complete or abort one."),
    "too_many_streams": Error(429, "Too many uploads of this client are being received.", AGAIN),
    # Chunks
    "digest_mismatch": Error(400, "The bytes do not match the digest in the header.", "Send them again."),
    "invalid_digest": Error(400, "The digest header is not valid.", "Send sha-256 or md5 in base64."),
    "superseded": Error(409, "A newer request goes on with this upload.", "Ask for the offset and go on from there."),
    "checksum_mismatch": Error(460, "The bytes do not match Upload-Checksum.", "Send them again."),
    "final_upload": Error(403, "The upload joins others and takes no bytes itself.", "Send them to its parts."),
    "invalid_header": Error(400, "A header of the protocol has a value that is not allowed.", "Correct the header."),
    "unsupported_version": Error(412, "The server speaks another version of tus.", "Use a version from Tus-Version."),
    "completed_upload": Error(400, "The upload is complete and takes no more bytes.", "Begin a new upload."),
    "inconsistent_upload_length": Error(400, "The lengths in the headers do not agree.", "Begin a new upload."),
    "empty_chunk": Error(400, "The chunk has no bytes.", "Send at least one byte."),
    "invalid_content_range": Error(400, "The header Content-Range is not valid.", "Send bytes START-END/TOTAL."),
    "invalid_offset": Error(400, "The field offset is not a number of bytes.", "Send a whole number."),
    "length_mismatch": Error(
        400, "Content-Range does not match the number of bytes.", "Make Content-Range and the bytes agree."
    ),
    "offset_mismatch": Error(409, "The chunk is not the next one.", "Go on from the `offset` in the answer."),
    "total_mismatch": Error(400, "The chunk disagrees with the size of the file.", "Send one total with all chunks."),
    "upload_completed": Error(409, "The upload is already completed.", "Use its media, or begin a new upload."),
    "upload_expired": Error(410, "The upload has expired.", "Begin a new upload."),
    "upload_gone": Error(410, "Bytes of the upload were lost.", "Begin a new upload."),
    "upload_incomplete": Error(409, "Not all bytes have arrived.", "Go on from the `offset` in the answer."),
    "upload_not_found": Error(404, "There is no such upload for this client.", "Begin a new upload."),
    # Files
    "file_too_large": Error(413, "The file is larger than the limit for its type.", "Send a smaller file."),
    "image_too_complex": Error(400, "The image takes too much time to decode.", "Send a simpler image."),
    "inspection_crashed": Error(400, "Inspecting the file failed several times.", "Convert the file."),
    "invalid_image": Error(400, "The image is damaged or is not an image.", "Send another file."),
    "invalid_pdf": Error(400, "The PDF is damaged or is not a PDF.", "Send another file."),
    "md5_mismatch": Error(400, "The MD5 does not match the bytes that came.", "Send the file's MD5, or upload again."),
    "media_deleted": Error(410, "The media made from this upload was deleted.", "Begin a new upload."),
    "pdf_too_complex": Error(400, "The PDF takes too much time or memory to open.", "Send a simpler PDF."),
    "refused_by_check": Error(400, "A check of the operator refused the file.", "Send another file."),
    "too_many_frames": Error(400, "The animation has too many frames.", "Send a shorter animation."),
    "too_many_pixels": Error(400, "The image has too many pixels.", "Send a smaller image."),
    "type_mismatch": Error(400, "The file, or the tag, is not of the requested type.", "Ask for its real type."),
    "unsupported_file_type": Error(415, "Files of this type are not accepted.", "Convert the file."),
    # Links and tags
    "image_unavailable": Error(400, "No picture could be loaded from the URL.", "Use another URL, or upload the file."),
    "no_link": Error(400, "The media is not a link.", "Only links have an image to choose."),
    "no_vimeo_url": Error(400, "The URL is not at vimeo.com.", "Use the type url."),
    "reserved_embed_type": Error(400, "Only the server makes embeds of this type.", "Use another embed_type."),
    "unknown_media": Error(400, "There is no media with this id.", "Check the id of the media."),
    "tag_assigned": Error(409, "A tag that is assigned keeps its type.", "Unassign the tag first."),
    "url_forbidden": Error(400, "The URL cannot be used.", "Use a public http or https URL."),
    # This service
    "busy": Error(503, "Too many files are inspected at the moment.", AGAIN),
    "check_unavailable": Error(503, "The file cannot be checked right now.", AGAIN),
    "database_unavailable": Error(503, "The database cannot be used right now.", AGAIN),
    "inspection_failed": Error(503, "The file could not be inspected right now.", AGAIN),
    "internal_server_error": Error(500, "Something went wrong here; it is a bug.", "Report the request_id."),
    "keys_unavailable": Error(503, "The keys of the login provider cannot be loaded right now.", AGAIN),
    "previews_busy": Error(503, "Too many previews are fetched at the moment.", AGAIN),
    "schema_outdated": Error(503, "The database lacks migrations of this version.", "Tell the operator."),
    "storage_error": Error(500, "The storage failed in a way that scapi does not know.", "Report the request_id."),
    "storage_full": Error(507, "There is no space left.", "Tell the operator."),
    "storage_unavailable": Error(503, "The storage cannot be used right now.", AGAIN),
}
"""Every error by its code. Only this table decides the status."""


class Refused(Exception):
    """Refuses a request.

    `code` is one of ERRORS. `message` tells a person what was wrong and what was expected. `field` is the wrong field
    of the request, if any. `details` are added to the error body. `retry_after` are the seconds after which the same
    request may succeed, if known.
    """

    def __init__(
        self, code: str, message: str, *, field: str | None = None, retry_after: int | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.retry_after = retry_after
        self.details = details

    @property
    def status(self) -> int:
        """The HTTP status."""
        return ERRORS[self.code].status
