"""Of a body: every POST, PUT and PATCH takes JSON, urlencoded and multipart alike, and the OpenAPI document says so."""

from io import BytesIO
from typing import IO, Any

import flask_smorest
import marshmallow as ma
from flask import Request as FlaskRequest
from webargs import core
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

FORM_OVERHEAD = 64 * 1024
"""Bytes that a multipart body may have beside the chunk in it."""


class Request(FlaskRequest):
    """A request whose file part stays in memory: a chunk is bounded, and a temporary file would write it twice."""

    max_form_parts = 100

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


class Moment(ma.fields.DateTime):
    """A moment in UTC, as ISO 8601 with seconds and a Z."""

    def __init__(self, **options: Any) -> None:
        super().__init__("%Y-%m-%dT%H:%M:%SZ", **options)


class Schema(ma.Schema):
    """Read-only and unknown fields are ignored on input, as the API's clients expect."""

    class Meta:
        unknown = ma.EXCLUDE


class BodyParser(FlaskParser):
    """Reads the location `json_or_form`, and `upload`: a form with one file part of any name, given as `file`."""

    DEFAULT_VALIDATION_STATUS = 400
    __location_map__ = {**FlaskParser.__location_map__, "upload": "load_upload"}

    def load_json_or_form(self, req: FlaskRequest, schema: ma.Schema) -> Any:
        """Return the fields of a JSON or form body; `null` counts as an empty one. Raises UnsupportedMediaType."""
        if core.is_json(req.mimetype):
            fields = self.load_json(req, schema)
            return {} if fields is None else fields
        if req.mimetype not in (FORM, MULTIPART) and (req.mimetype or req.content_length):
            raise UnsupportedMediaType(f"expected {JSON}, {FORM} or {MULTIPART}, not {req.mimetype or 'no type'}")
        return self.load_form(req, schema)

    def load_upload(self, req: FlaskRequest, schema: ma.Schema) -> Any:
        """Return the form's fields and its first file part as `file`."""
        fields = self.load_json_or_form(req, schema)
        file = next(iter(req.files.values()), None)
        if not isinstance(fields, (dict, core.typing.Mapping)):
            return fields
        merged = {name: value for name, value in fields.items() if name != "file"}
        return merged if file is None else {**merged, "file": file}


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's Blueprint, taught to parse and document scapi's bodies."""

    ARGUMENTS_PARSER = BodyParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **flask_smorest.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "json_or_form": JSON,
        "upload": MULTIPART,
    }

    def _prepare_arguments_doc(self, doc: dict[str, Any], doc_info: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        content = doc.get("requestBody", {}).get("content", {})
        if JSON in content:
            content.update({form: dict(content[JSON]) for form in (FORM, MULTIPART)})
        return doc
