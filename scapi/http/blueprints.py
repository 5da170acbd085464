"""What an operation may answer beside its success, in the OpenAPI document: every error with its status and codes."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, TypeVar

import flask_smorest

from scapi.http.errors import ErrorSchema
from scapi.refusals import STATUS

View = TypeVar("View", bound=Callable[..., Any])

EVERYWHERE = (
    (401, "invalid_token"),
    (429, "rate_limited"),
    (500, "internal_server_error"),
    (503, "database_unavailable"),
    (503, "storage_unavailable"),
)
"""Status and code of what can happen to every request."""

WITH_ARGUMENTS = ((400, "invalid"), (400, "required"))

WITH_BODY = (
    (400, "bad_request"),
    (413, "request_entity_too_large"),
    (415, "unsupported_media_type"),
    (507, "storage_full"),
)


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's Blueprint, taught to document errors."""

    def __init__(self, *names: Any, **options: Any) -> None:
        super().__init__(*names, **options)
        self._prepare_doc_cbks.append(self._prepare_errors_doc)

    @staticmethod
    def refuses(*codes: str) -> Callable[[View], View]:
        """Return a decorator that documents for which of the codes in `refusals.STATUS` a view turns a request down."""

        def decorator(view: View) -> View:
            view._apidoc = {**getattr(view, "_apidoc", {}), "refusals": codes}  # type: ignore[attr-defined]
            return view

        return decorator

    @staticmethod
    def _prepare_errors_doc(doc: dict[str, Any], doc_info: dict[str, Any], **_: Any) -> dict[str, Any]:
        found: dict[int, list[str]] = {}
        for status, code in _errors(doc, doc_info):
            found.setdefault(status, []).append(code)
        responses = doc["responses"] | {status: _response(status, codes) for status, codes in found.items()}
        return doc | {"responses": dict(sorted(responses.items()))}


def _errors(doc: dict[str, Any], doc_info: dict[str, Any]) -> Iterator[tuple[int, str]]:
    yield from EVERYWHERE
    if "arguments" in doc_info:
        yield from WITH_ARGUMENTS
    if "requestBody" in doc:
        yield from WITH_BODY
    yield from ((STATUS[code], code) for code in doc_info.get("refusals", ()))


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    named = ", ".join(f"`{code}`" for code in codes)
    return {
        "description": f"{HTTPStatus(status).phrase}: {named}",
        "content": {"application/json": {"schema": ErrorSchema}},
    }
