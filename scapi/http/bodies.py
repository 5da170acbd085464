"""Request bodies: every POST, PUT and PATCH accepts JSON, urlencoded and multipart, also in the OpenAPI document."""

from collections.abc import Mapping
from operator import methodcaller
from typing import Any

import marshmallow as ma
from flask import Request as FlaskRequest
from flask.json.provider import DefaultJSONProvider
from webargs import core
from webargs.flaskparser import FlaskParser, abort
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from scapi.http import blueprints, forms

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

NULL_WORD = "null"

MAX_PARSED = 256 * 1024
"""The most bytes of a JSON or urlencoded body: parsed, it takes many times its size."""


iso = methodcaller("strftime", "%Y-%m-%dT%H:%M:%SZ")
"""Formats a moment, which is in UTC, as ISO 8601 with seconds and a Z."""


class Moment(ma.fields.DateTime):
    """A moment, formatted by `iso`."""

    SERIALIZATION_FUNCS = {"iso": iso}


class JSONProvider(DefaultJSONProvider):
    """Keeps fields in the order of the API's documentation."""

    sort_keys = False


class Schema(ma.Schema):
    """Read-only and unknown fields are ignored on input, as the API's clients expect.

    `json_schema` in a Meta is the JSON Schema of the fields together, for the OpenAPI document.
    """

    class Meta:
        unknown = ma.EXCLUDE
        json_schema: Mapping[str, Any] = {}


def with_nulls(form: Mapping[str, Any], schema: ma.Schema) -> dict[str, Any]:
    """Return a form's fields. `null` becomes None in fields that may be null and cannot contain this word.

    Forms have no null: a browser's FormData turns null into this word.
    """
    return {
        name: None if text == NULL_WORD and _is_null(schema.fields.get(name)) else text for name, text in form.items()
    }


def _is_null(field: ma.fields.Field[Any] | None) -> bool:
    if field is None or not field.allow_none:
        return False
    try:
        field.deserialize(NULL_WORD)
    except ma.ValidationError:
        return True
    return False


class BodyParser(FlaskParser):
    """Reads the location `json_or_form`."""

    DEFAULT_VALIDATION_STATUS = 400

    def load_json_or_form(self, req: FlaskRequest, schema: ma.Schema) -> Mapping[str, Any]:
        """Return the fields of a JSON or form body; `null` counts as an empty body. Raises UnsupportedMediaType."""
        is_json = core.is_json(req.mimetype)
        if not is_json and req.mimetype not in (FORM, MULTIPART) and (req.mimetype or req.content_length):
            raise UnsupportedMediaType(f"expected {JSON}, {FORM} or {MULTIPART}, not {req.mimetype or 'no type'}")
        if req.mimetype == MULTIPART:
            return with_nulls(forms.read(req).fields, schema)
        req.max_content_length = MAX_PARSED
        if len(req.get_data()) >= MAX_PARSED:  # a longer chunked body is cut off there without an error
            raise RequestEntityTooLarge
        if is_json:
            return self._load_object(req, schema)
        form: Mapping[str, Any] = self.load_form(req, schema)
        return with_nulls(form, schema)

    def _load_object(self, req: FlaskRequest, schema: ma.Schema) -> Mapping[str, Any]:
        try:
            fields = self.load_json(req, schema)
        except (RecursionError, ValueError) as error:  # ValueError: a number with thousands of digits
            abort(
                400,
                exc=error,
                messages={"json": ["the JSON body is nested too deeply or has a number with too many digits"]},
            )
        if fields is None or fields is core.missing:
            return {}
        if not isinstance(fields, Mapping):
            abort(400, messages={"json": [f"the JSON body must be an object, not {type(fields).__name__}"]})
        return fields


class Blueprint(blueprints.Blueprint):
    """The Blueprint that documents errors; it also parses and documents scapi's bodies."""

    ARGUMENTS_PARSER = BodyParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **blueprints.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "json_or_form": JSON,
    }

    def _prepare_arguments_doc(self, doc: dict[str, Any], doc_info: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        content = doc.get("requestBody", {}).get("content", {})
        if JSON in content:
            content.update({form: dict(content[JSON]) for form in (FORM, MULTIPART)})
            if not doc["requestBody"]["required"]:
                content[JSON] = {"schema": {"anyOf": [content[JSON]["schema"], {"type": "null"}]}}
        return doc
