"""Refused: a request that scapi understands and turns down, and the HTTP status that goes with each reason."""

from typing import Any

STATUS = {
    "anonymous": 401,
    "check_unavailable": 503,
    "digest_mismatch": 400,
    "empty_chunk": 400,
    "file_too_large": 413,
    "image_unavailable": 400,
    "invalid_content_range": 400,
    "invalid_cursor": 400,
    "invalid_digest": 400,
    "invalid_image": 400,
    "invalid_offset": 400,
    "invalid_pdf": 400,
    "invalid_token": 401,
    "length_mismatch": 400,
    "md5_mismatch": 400,
    "media_deleted": 410,
    "no_link": 400,
    "no_vimeo_url": 400,
    "not_admin": 403,
    "not_creator": 403,
    "not_found": 404,
    "offset_mismatch": 409,
    "pdf_too_complex": 400,
    "previews_busy": 503,
    "quota_exceeded": 403,
    "rate_limited": 429,
    "refused_by_check": 400,
    "required": 400,
    "reserved_embed_type": 400,
    "superseded": 409,
    "tag_assigned": 409,
    "too_many_frames": 400,
    "too_many_pixels": 400,
    "too_many_upload_bytes": 429,
    "too_many_uploads": 429,
    "total_mismatch": 400,
    "type_mismatch": 400,
    "unique": 400,
    "unsupported_file_type": 415,
    "upload_completed": 409,
    "upload_expired": 410,
    "upload_incomplete": 409,
    "upload_not_found": 404,
    "url_forbidden": 400,
}
"""HTTP status by code: the only place where it is decided."""


class Refused(Exception):
    """Turns a request down.

    `code` is one of STATUS, `message` says to a person what was wrong and what was expected, `field` names the field
    of the request that is at fault, if one is, and `details` go into the error body beside them. `retry_after` are the
    seconds after which the same request may be granted, where that can be said.
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
        return STATUS[self.code]
