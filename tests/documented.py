"""Every error that a server answers is one that its OpenAPI document names for the operation."""

import re
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

API = "/api/v2/"

Document = dict[str, Any]


class _Refusal(NamedTuple):
    method: str
    path: str
    status: int
    body: Document


class Client(FlaskClient):
    """Flask's test client, which checks every answer."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        answer = super().open(*arguments, **options)
        asked = answer.request
        if asked.path.startswith(API) and _is_refusal(asked.method, answer.status_code, answer.headers):
            refusal = _Refusal(asked.method, asked.path, answer.status_code, answer.get_json())
            _check(_document_of(self.application), refusal)
        return answer


def check(server: str, answer: requests.Response) -> None:
    """Assert that an error of an operation is documented: its status, its codes and the fields of its body."""
    method = answer.request.method or ""
    if _is_refusal(method, answer.status_code, answer.headers):
        path = str(urlsplit(answer.request.url or "").path)
        _check(_document(server), _Refusal(method, path, answer.status_code, answer.json()))


def _is_refusal(method: str, status: int, headers: Any) -> bool:
    return (
        status >= 400
        and status not in (502, 504)  # which only a proxy in front answers
        and method != "HEAD"
        and bool(headers.get("Content-Type", "").startswith("application/json"))
    )


def _check(document: Document, refusal: _Refusal) -> None:
    operation = _operation(document, refusal) if "paths" in document else None  # a proxy may refuse all
    if operation is None:
        return
    fields = document["components"]["schemas"]["Error"]["properties"]
    assert refusal.body.keys() <= fields.keys(), f"not in the schema of errors: {refusal.body.keys() - fields.keys()}"
    response = operation["responses"].get(str(refusal.status), {"x-codes": []})
    undocumented = set(_codes(refusal.body)) - set(response["x-codes"])
    assert not undocumented, f"{operation['operationId']} answers {refusal.status} {undocumented}, undocumented"


@cache
def _document(server: str) -> Document:
    found: Document = requests.get(f"{server}{API}openapi.json", timeout=30).json()
    return found


def _document_of(app: Flask) -> Document:
    if "document" not in app.extensions:
        app.extensions["document"] = FlaskClient(app, app.response_class).get(f"{API}openapi.json").json
    found: Document = app.extensions["document"]
    return found


def _operation(document: Document, refusal: _Refusal) -> Document | None:
    """Return what the document says of the request; None where there is no such operation, which is 404 or 405."""
    path = refusal.path.rstrip("/") + "/"
    exact_first = sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
    for template, operations in exact_first:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template.rstrip("/") + "/"))
        if re.fullmatch(pattern, path):
            found: Document | None = operations.get(refusal.method.lower())
            return found
    return None


def _codes(body: Document) -> list[str]:
    return [one["code"] for item in body["errors"] for one in item.get("messages", [item])]
