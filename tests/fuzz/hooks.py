"""Facts that schemathesis cannot know from the OpenAPI document: only these results do not count as failures."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from scapi.http.texts import without_hidden

BEYOND_A_SCHEMA = {
    # what exists already, or the position in a list
    "unique",
    "invalid_cursor",
    # what a database can store, and what looks blank in any language
    "unkeepable",
    "blank",
    # how the parts of a request fit together: each name once, the header and the bytes, the file and its description
    "twice",
    "invalid_content_range",
    "length_mismatch",
    "total_mismatch",
    "file_too_large",
    "md5_mismatch",
    "type_mismatch",
    # the type of the bytes
    "empty_chunk",
    "unsupported_file_type",
    "invalid_image",
    "invalid_pdf",
    # which headers a protocol requires together
    "invalid_header",
    "inconsistent_upload_length",
    # which things exist
    "unknown_media",
    # the target of a URL, and for which media one can be chosen
    "url_forbidden",
    "no_vimeo_url",
    "image_unavailable",
    "no_link",
    # what only the server creates, but returns to anyone
    "reserved_embed_type",
}
"""Codes of refusals whose reason JSON Schema cannot express."""

TOLERATED = re.compile(
    # the API accepts and ignores read-only fields: clients send whole answers back
    "Value is not allowed"
    # a form has no booleans: 0, 1, yes and no mean false and true, too
    "|(active|visible|visibility_boost|deleted).*: Incorrect type"
)
"""The beginnings of failures whose input the API accepts although its schema does not name it."""


@schemathesis.serializer("application/offset+octet-stream", "application/partial-upload")
def as_it_is(_context: Any, value: Any) -> bytes:
    """Return the bytes of a body that is a file."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
    """Return whether it is a real failure."""
    if isinstance(failure, RejectedPositiveData):
        # the required fields per type of media are documented beside the properties, which not every phase reads
        beyond = BEYOND_A_SCHEMA | ({"required"} if case.operation.label == "POST /api/v2/media/" else set())
        # a date or a moment: for JSON Schema, the format of a text is only a hint
        beyond |= {"invalid"} if case.operation.label == "GET /api/v2/media/" else set()
        return not _codes(response.json()) <= beyond
    if isinstance(failure, AcceptedNegativeData):
        if response.status_code == 412:  # tus refuses other versions like this
            return False
        if "violates `maxLength`" in failure.message and _has_hidden_characters(case):
            return False
        return not _has_empty_field(case, response) and not TOLERATED.search(failure.message)
    return True


def _has_empty_field(case: Any, response: Any) -> bool:
    """Return whether a field is empty, which counts as missing: a browser's form cannot leave a field out."""
    query = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    body = case.body if isinstance(case.body, dict) else {}
    return [""] in query.values() or "" in body.values()


def _has_hidden_characters(case: Any) -> bool:
    """Return whether a text of the body has characters that are removed before its length counts."""
    body = case.body if isinstance(case.body, dict) else {}
    return any(isinstance(value, str) and len(without_hidden(value)) < len(value) for value in body.values())


def _codes(body: dict[str, Any]) -> set[str]:
    items = [item for error in body["errors"] for item in error.get("messages", [error])]
    return {item["code"] for item in items}
