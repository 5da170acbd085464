"""The OpenAPI document at `<prefix>/openapi.json`, and Swagger UI, served from this machine, at `<prefix>/docs`."""

from copy import deepcopy
from importlib.metadata import version
from typing import Any

import flask_smorest
import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from scapi.http import errors, swagger
from scapi.http.bodies import JSON
from scapi.settings import Settings


class Api(flask_smorest.Api):
    """flask-smorest's Api with scapi's error body."""

    ERROR_SCHEMA = errors.ErrorSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # `scapi.http.blueprints` documents the errors

    def _openapi_json(self) -> Response:
        """Serve the document; with `?bodies=json`, each operation has one type of body, JSON if it accepts that.

        Many client generators name the types of a body by its schema, so three types get the same name. Many do not
        support `writeOnly` either: so schemas of answers do not require members that are only sent.
        """
        if request.args.get("bodies") != JSON_ONLY:
            answer: Response = super()._openapi_json()
            return answer
        return jsonify(_with_one_body(deepcopy(self.spec.to_dict())))

    def handle_http_exception(self, error: HTTPException) -> Response:
        return errors.http_exception(error)


api = Api()

JSON_ONLY = "json"
"""The value of `bodies` for a document with one type of body per operation."""

DESCRIPTION = """Chunked uploads that become media.

Send a file chunk by chunk, complete it with its MD5, and get a Media that a page can show."""

NEEDS_TOKEN: list[dict[str, list[str]]] = [{"bearer": []}]
"""The security of an operation that needs a token; for others it is optional."""


def _with_one_body(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            if JSON in content:
                operation["requestBody"]["content"] = {JSON: content[JSON]}
            if isinstance(operation, dict):
                _require_no_more_than_is_answered(document, operation.get("responses", {}))
    return document


def _require_no_more_than_is_answered(document: dict[str, Any], responses: dict[str, Any]) -> None:
    """Remove write-only members from `required` of answers' schemas: many generators do not support `writeOnly`."""
    for response in responses.values():
        for content in response.get("content", {}).values():
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            schema = document["components"]["schemas"].get(name, {})
            if "required" in schema:
                members = schema["properties"]
                schema["required"] = [one for one in schema["required"] if not members[one].get("writeOnly")]


class Converter(OpenAPIConverter):
    """apispec's converter, which also adds a Meta's `json_schema` (`scapi.http.bodies.Schema`)."""

    def schema2jsonschema(self, schema: ma.Schema) -> dict[str, Any]:
        found: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        return found | getattr(schema.Meta, "json_schema", {})


class Plugin(MarshmallowPlugin):
    """apispec's plugin, with scapi's Converter."""

    Converter = Converter


def set_up(app: Flask, settings: Settings, prefix: str) -> None:
    """Bind the Api extension, which serves the document, and Swagger UI."""
    app.config.update(
        API_TITLE="scapi",
        API_VERSION=version("scapi"),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=prefix,
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
            "security": [{}, *NEEDS_TOKEN],
            "servers": [{"url": settings.public_url or "/"}],
        },
    )
    api.init_app(app, spec_kwargs={"marshmallow_plugin": Plugin()})
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    app.register_blueprint(swagger.blueprint, url_prefix=f"{prefix}/docs")
