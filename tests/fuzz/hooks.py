"""What schemathesis cannot know from the OpenAPI document: this much, and no more, is no failure."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

BEYOND_A_SCHEMA = {
    # what is there already, or where a list has been followed to
    "unique",
    "invalid_cursor",
    # what a database can keep, and what is blank to readers of any language
    "unkeepable",
    "blank",
    # how the parts of a request fit together: each name once, the header and the bytes, the file and what is said of it
    "twice",
    "invalid_content_range",
    "length_mismatch",
    "total_mismatch",
    "file_too_large",
    "md5_mismatch",
    "type_mismatch",
    # what the bytes are
    "empty_chunk",
    "unsupported_file_type",
    "invalid_image",
    "invalid_pdf",
    # which headers a protocol wants together
    "invalid_header",
    "inconsistent_upload_length",
    # what is there to be named
    "unknown_media",
    # where a URL leads, and for which media one can be chosen
    "url_forbidden",
    "no_vimeo_url",
    "image_unavailable",
    "no_link",
    # what the server alone makes, but answers to anyone
    "reserved_embed_type",
}
"""Codes of refusals whose reason JSON Schema has no words for."""

TOLERATED = re.compile(
    # the API takes read-only fields and ignores them: clients send back what they were answered
    "Value is not allowed"
    # a form has no booleans, and 0, 1, yes and no are as good as false and true
    "|(active|visible|visibility_boost|deleted).*: Incorrect type"
)
"""How failures begin that are an input the API takes although a schema does not name it."""


@schemathesis.serializer("application/offset+octet-stream", "application/partial-upload")
def as_it_is(_context: Any, value: Any) -> bytes:
    """Return the bytes of a body that is a file's."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
    """Return whether it is one."""
    if isinstance(failure, RejectedPositiveData):
        # which fields a type of media needs is documented beside its properties, where not every phase looks
        beyond = BEYOND_A_SCHEMA | ({"required"} if case.operation.label == "POST /api/v2/media/" else set())
        # a date or a moment: of the format of a text, JSON Schema only takes a note
        beyond |= {"invalid"} if case.operation.label == "GET /api/v2/media/" else set()
        return not _codes(response.json()) <= beyond
    if isinstance(failure, AcceptedNegativeData):
        if response.status_code == 412:  # how tus refuses another version of itself
            return False
        return not _has_empty_field(case, response) and not TOLERATED.search(failure.message)
    return True


def _has_empty_field(case: Any, response: Any) -> bool:
    """Return whether a field is empty, which counts as not given: a browser's form cannot leave one out."""
    query = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    body = case.body if isinstance(case.body, dict) else {}
    return [""] in query.values() or "" in body.values()


def _codes(body: dict[str, Any]) -> set[str]:
    items = [item for error in body["errors"] for item in error.get("messages", [error])]
    return {item["code"] for item in items}
