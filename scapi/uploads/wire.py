"""Shared by the protocols that continue at an offset: headers and OpenAPI parameters."""

from typing import Any

from flask import Response

from scapi.http import urls
from scapi.settings import settings

MEDIA_HEADER = "Scapi-Media"
"""The header with the URL of the media made from an upload."""

AT_OFFSET = {
    "in": "header",
    "name": "Upload-Offset",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
    "description": "The offset of the first byte",
}
"""The parameter of a request with bytes, in the OpenAPI document."""


def body_of(mimetype: str) -> dict[str, Any]:
    """Return the body of such a request in the OpenAPI document."""
    return {"required": True, "content": {mimetype: {"schema": {"type": "string", "format": "binary"}}}}


def name_media(answer: Response, media_id: int) -> None:
    """Add the URL of the media to the answer."""
    answer.headers[MEDIA_HEADER] = urls.absolute(f"{urls.API}/media/{media_id}/")


def largest_file() -> int:
    """Return the limit of the largest file of any type, in bytes."""
    return max(settings.max_image_bytes, settings.max_document_bytes)
