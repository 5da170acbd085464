"""The common error body of all errors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import marshmallow as ma
from flask import Flask, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from scapi import metrics
from scapi.database.failures import DatabaseAway, Failure, failure_of
from scapi.http import request_notes
from scapi.refusals import ERRORS, PHRASES, Refused
from storage_backends import NoSpace, StorageError, Unavailable

RETRY_AFTER = 5
"""Seconds after which a client may try again if the database or the storage was away."""


_EXPLAINED = {
    404: "there is nothing at this address",
    413: "the request is larger than the limit, or has too many form fields; send smaller chunks",
}
"""Messages for programmers, in place of Werkzeug's messages for browsers."""


_AWAY = {
    "database": ("database_unavailable", "the database cannot be used right now; try again"),
    "schema": ("schema_outdated", "the database is not ready for this version; the operator must upgrade its schema"),
    "storage": ("storage_unavailable", "the storage cannot be used right now; try again"),
}
"""Code and message of a part that is away."""


class ErrorSchema(ma.Schema):
    """The body of every error."""

    code = ma.fields.Integer(required=True, metadata={"description": "HTTP status"})
    status = ma.fields.String(required=True, metadata={"description": "Name of the HTTP status"})
    message = ma.fields.String(required=True, metadata={"description": "What was wrong and what was expected"})
    errors = ma.fields.List(
        ma.fields.Dict(),
        required=True,
        metadata={
            "description": "One item per error: {code, message}, or for a field {field, messages: [{code, message}]}"
        },
    )
    request_id = ma.fields.String(
        required=True, metadata={"description": "Id of the request in the operator's log; also in X-Request-ID"}
    )
    offset = ma.fields.String(metadata={"description": "The expected offset, in errors about the offset"})
    quota = ma.fields.Integer(metadata={"description": "Bytes that the user may store, in errors about the quota"})
    used = ma.fields.Integer(
        metadata={"description": "Bytes that the user has stored already, in errors about the quota"}
    )


def body(status: int, message: str, errors: list[dict[str, Any]], **details: Any) -> Response:
    """Return the error answer; `details` (such as `offset`) are added to the five fields of every error."""
    problem = errors[0]["messages"][0] if "field" in errors[0] else errors[0]
    metrics.ERRORS.labels(problem["code"], status).inc()
    answer = jsonify(
        code=status,
        status=PHRASES[status],
        message=message,
        errors=errors,
        request_id=request_notes.request_id(),
        **details,
    )
    answer.status_code = status
    return answer


def as_json(fields: Mapping[str, Any]) -> str:
    """Return the fields of an error as JSON, in their order."""
    return current_app.json.dumps(fields)


def register(app: Flask) -> None:
    """Answer scapi's own refusals, storage errors and database errors with the error body.

    HTTP exceptions come through `scapi.http.openapi.Api`.
    """
    app.register_error_handler(Refused, refused)
    app.register_error_handler(StorageError, _storage_error)
    app.register_error_handler(SQLAlchemyError, _database_error)


def http_exception(error: HTTPException) -> Response:
    """Answer an HTTPException: validation errors of webargs field by field, its own headers kept."""
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    status = error.code or 500
    if "messages" in data:
        errors = list(_validation_errors(data["messages"], data.get("schema")))
        first = errors[0]
        message = f"{first['field']}: {first['messages'][0]['message']}" if "field" in first else first["message"]
    else:
        message = _EXPLAINED.get(status) or error.description or error.name
        errors = [{"code": error.name.lower().replace(" ", "_"), "message": message}]
    answer = body(status, message, errors)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def unavailable(parts: Sequence[str], **details: Any) -> Response:
    """Return the 503 for parts that are away: `database`, `storage` or `schema`."""
    errors = [dict(zip(("code", "message"), _AWAY[part], strict=True)) for part in parts]
    answer = body(503, errors[0]["message"], errors, **details)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def refused(refusal: Refused) -> Response:
    """Return the answer to a refused request."""
    problem = {"code": refusal.code, "message": refusal.message}
    errors = [problem] if refusal.field is None else [{"field": refusal.field, "messages": [problem]}]
    answer = body(refusal.status, refusal.message, errors, **refusal.details)
    if refusal.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="scapi"'
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def _storage_error(error: StorageError) -> Response:
    current_app.logger.error("storage: %s", error, exc_info=error)
    if isinstance(error, NoSpace):
        return _plain(507, "storage_full", "there is no space left for this; nothing was stored")
    if isinstance(error, Unavailable):
        return unavailable(["storage"])
    return _plain(500, "storage_error", "the storage failed; nothing was changed")


def _database_error(error: SQLAlchemyError) -> Response:
    known = isinstance(error, DatabaseAway)  # no statement was sent: a traceback would not help
    current_app.logger.error("database: %s", error, exc_info=None if known else error)
    failure = failure_of(error)
    if failure is Failure.FULL:
        return _plain(507, "storage_full", "there is no space left for this; nothing was stored")
    if failure is Failure.AWAY:
        return unavailable(["database"])
    return _plain(500, "internal_server_error", "something went wrong here; nothing was changed")


def _plain(status: int, code: str, message: str) -> Response:
    return body(status, message, [{"code": code, "message": message}])


def _validation_errors(messages: Any, schema: ma.Schema | None) -> Iterator[dict[str, Any]]:
    """Yield the items of `errors` for webargs' `{location: {field: [text]}}` or `{location: [text]}`."""
    for found in messages.values():
        if isinstance(found, Mapping):
            yield from _field_errors(found, schema.fields if schema else {})
        else:
            yield from ({"code": "invalid", "message": text} for text in found)


def _field_errors(found: Mapping[Any, Any], fields: Mapping[str, Any], within: str = "") -> Iterator[dict[str, Any]]:
    for name, texts in found.items():
        field = fields.get(name)
        if isinstance(texts, Mapping):
            inner = field.schema.fields if isinstance(field, ma.fields.Nested) else {}
            yield from _field_errors(texts, inner, f"{within}{name}.")
        elif name == ma.exceptions.SCHEMA:
            yield from ({"code": "invalid", "message": text} for text in texts)
        else:
            items = [{"code": _code(field, text), "message": text} for text in dict.fromkeys(texts)]
            yield {"field": f"{within}{name}", "messages": items}


def _code(field: ma.fields.Field[Any] | None, text: str) -> str:
    """Return the name of the message in marshmallow's `error_messages`; nothing else identifies the error."""
    known = field.error_messages if field else {}
    return next((code for code, message in known.items() if message == text and code in ERRORS), "invalid")
