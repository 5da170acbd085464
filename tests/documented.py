"""Every error that a server answers is one that its OpenAPI document names for the operation."""

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests

API = "/api/v2/"

Document = dict[str, Any]


def check(server: str, answer: requests.Response) -> None:
    """Assert that an error of an operation is documented: its status, its codes and the fields of its body."""
    if (
        answer.status_code < 400
        or answer.status_code in (502, 504)  # which only a proxy in front answers
        or answer.request.method == "HEAD"
        or not answer.headers.get("Content-Type", "").startswith("application/json")
    ):
        return
    document = _document(server)
    operation = _operation(document, answer.request) if "paths" in document else None  # a proxy may refuse all
    if operation is None:
        return
    body = answer.json()
    fields = document["components"]["schemas"]["Error"]["properties"]
    assert body.keys() <= fields.keys(), f"not in the schema of errors: {body.keys() - fields.keys()}"
    response = operation["responses"].get(str(answer.status_code), {"x-codes": []})
    undocumented = set(_codes(body)) - set(response["x-codes"])
    assert not undocumented, f"{operation['operationId']} answers {answer.status_code} {undocumented}, undocumented"


@cache
def _document(server: str) -> Document:
    found: Document = requests.get(f"{server}{API}openapi.json", timeout=30).json()
    return found


def _operation(document: Document, request: requests.PreparedRequest) -> Document | None:
    """Return what the document says of the request; None where there is no such operation, which is 404 or 405."""
    path = urlsplit(request.url or "").path.rstrip("/") + "/"
    method = (request.method or "").lower()
    exact_first = sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
    for template, operations in exact_first:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template.rstrip("/") + "/"))
        if re.fullmatch(pattern, str(path)):
            found: Document | None = operations.get(method)
            return found
    return None


def _codes(body: Document) -> list[str]:
    return [one["code"] for item in body["errors"] for one in item.get("messages", [item])]
