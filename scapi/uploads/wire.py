"""What protocols that go on at an offset have in common on the wire."""

from typing import Any

from flask import Response

from scapi.http import urls
from scapi.settings import settings

MEDIA_HEADER = "Scapi-Media"
"""Answers the URL of the media that was made of an upload."""

AT_OFFSET = {
    "in": "header",
    "name": "Upload-Offset",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
    "description": "Where the bytes begin",
}
"""The parameter of a request that brings bytes, in the OpenAPI document."""


def body_of(mimetype: str) -> dict[str, Any]:
    """Return the body of such a request in the OpenAPI document."""
    return {"required": True, "content": {mimetype: {"schema": {"type": "string", "format": "binary"}}}}


def name_media(answer: Response, media_id: int) -> None:
    """Put the URL of the media into the answer."""
    answer.headers[MEDIA_HEADER] = urls.absolute(f"{urls.API}/media/{media_id}/")


def largest_file() -> int:
    """Return how many bytes the largest file of any type may have."""
    return max(settings.max_image_bytes, settings.max_document_bytes)
