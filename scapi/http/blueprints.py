"""The errors of each operation in the OpenAPI document, with statuses and codes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import flask_smorest

from scapi.http import cors
from scapi.http.errors import ErrorSchema
from scapi.refusals import ERRORS, PHRASES

View = TypeVar("View", bound=Callable[..., Any])

EVERYWHERE = (
    "invalid_token",
    "keys_unavailable",
    "rate_limited",
    "internal_server_error",
    "database_unavailable",
    "storage_full",
)
"""Codes that every request can get."""

WITH_BODY = ("bad_request", "request_entity_too_large", "unsupported_media_type")

OF_THE_STORAGE = ("storage_error", "storage_unavailable")
"""Codes of operations that use the storage: those of uploads and media."""


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's Blueprint, which also documents errors. Each of its views may answer the codes `refuses`."""

    def __init__(self, *names: Any, refuses: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*names, **options)
        self._always = (*EVERYWHERE, *refuses)
        self._prepare_doc_cbks.append(self._prepare_errors_doc)

    def arguments(self, schema: Any, *names: Any, **options: Any) -> Callable[[View], View]:
        """Return flask-smorest's decorator, which also documents the codes of invalid fields."""
        instance = schema() if isinstance(schema, type) else schema  # of a class, each request would make an instance
        codes = {code for field in instance.fields.values() for code in field.error_messages if code in ERRORS}
        parse = super().arguments(instance, *names, **options)

        def decorator(view: View) -> View:
            known = getattr(view, "_apidoc", {}).get("field_codes", set())
            parsed: View = parse(view)
            parsed._apidoc["field_codes"] = known | codes | {"invalid"}  # type: ignore[attr-defined]
            return parsed

        return decorator

    @staticmethod
    def refuses(*codes: str) -> Callable[[View], View]:
        """Return a decorator that documents the codes of `refusals.ERRORS` with which a view refuses requests."""

        def decorator(view: View) -> View:
            view._apidoc = {**getattr(view, "_apidoc", {}), "refusals": codes}  # type: ignore[attr-defined]
            return view

        return decorator

    def _prepare_errors_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, method: str, **_: Any
    ) -> dict[str, Any]:
        found: dict[int, list[str]] = {}
        for code in dict.fromkeys((*self._always, *_codes(doc, doc_info, method))):
            found.setdefault(ERRORS[code].status, []).append(code)
        responses = doc["responses"] | {status: _response(status, codes) for status, codes in found.items()}
        return doc | {"responses": dict(sorted(responses.items()))}


def _codes(doc: dict[str, Any], doc_info: dict[str, Any], method: str) -> Iterator[str]:
    if method.upper() not in cors.SAFE:
        yield from ("origin_forbidden", "read_only")
    yield from sorted(doc_info.get("field_codes", ()))
    if "requestBody" in doc:
        yield from WITH_BODY
    yield from doc_info.get("refusals", ())


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    named = "\n".join(f"- `{code}`: {ERRORS[code].meaning} {ERRORS[code].remedy}" for code in codes)
    return {
        "description": f"{PHRASES[status]}\n\n{named}",
        "x-codes": codes,
        "content": {"application/json": {"schema": ErrorSchema}},
    }
