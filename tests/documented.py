"""Every error that a server answers is one that its OpenAPI document names for the operation."""

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

API = "/api/v2/"

Document = dict[str, Any]


class CheckingClient(FlaskClient):
    """Flask's test client, which fails the test at an error that the application's OpenAPI document does not name."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        answer = super().open(*arguments, **options)
        if answer.status_code >= 400 and answer.mimetype == "application/json" and answer.request.method != "HEAD":
            app: Flask = self.application
            document = _documents.get(app.import_name)
            if document is None:
                document = _documents[app.import_name] = FlaskClient(app).get(f"{API}openapi.json").get_json()
            check_body(document, answer.request.method, answer.request.path, answer.status_code, answer.get_json())
        return answer


_documents: dict[str, Document] = {}
"""The document of this process's applications: it does not depend on their settings."""


def check(server: str, answer: requests.Response) -> None:
    """Check an answer of a server as `check_body` does."""
    if (
        answer.status_code < 400
        or answer.status_code in (502, 504)  # which only a proxy in front answers
        or answer.request.method == "HEAD"
        or not answer.headers.get("Content-Type", "").startswith("application/json")
    ):
        return
    document = _document(server)
    if "paths" in document:  # a proxy may refuse all
        path = str(urlsplit(answer.request.url or "").path)
        check_body(document, answer.request.method or "", path, answer.status_code, answer.json())


def check_body(document: Document, method: str, path: str, status: int, body: Document) -> None:
    """Assert that an error of an operation is documented: its status, its codes and the fields of its body."""
    operation = _operation(document, method, path)
    if operation is None:
        return
    fields = document["components"]["schemas"]["Error"]["properties"]
    assert body.keys() <= fields.keys(), f"not in the schema of errors: {body.keys() - fields.keys()}"
    response = operation["responses"].get(str(status), {"x-codes": []})
    undocumented = set(_codes(body)) - set(response["x-codes"])
    assert not undocumented, f"{operation['operationId']} answers {status} {undocumented}, undocumented"


@cache
def _document(server: str) -> Document:
    found: Document = requests.get(f"{server}{API}openapi.json", timeout=30).json()
    return found


def _operation(document: Document, method: str, path: str) -> Document | None:
    """Return what the document says of the request; None where there is no such operation, which is 404 or 405."""
    path = path.rstrip("/") + "/"
    exact_first = sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
    for template, operations in exact_first:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template.rstrip("/") + "/"))
        if re.fullmatch(pattern, path):
            found: Document | None = operations.get(method.lower())
            return found
    return None


def _codes(body: Document) -> list[str]:
    return [one["code"] for item in body["errors"] for one in item.get("messages", [item])]
