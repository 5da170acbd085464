"""The OpenAPI document."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from playwright.sync_api import Browser

from scapi.refusals import ERRORS
from tests.running import Server

OPERATIONS = {
    "MediaChunkUpload": ("post", "/api/v2/media/upload/chunk/"),
    "MediaChunkUploadComplete": ("post", "/api/v2/media/upload/complete/"),
    "mediadestroy": ("delete", "/api/v2/media/{id}/"),
}
SCHEMAS = {"ChunkMedia", "ChunkCompleteMedia", "Media"}
OF_OTHER_ADDRESSES = {
    "file_lost",
    "schema_outdated",
    "method_not_allowed",
    "precondition_failed",
    "requested_range_not_satisfiable",
}
"""Codes that are not answers of an operation: wrong methods, and the files of media."""

BODIES = {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    """The server's document."""
    found: dict[str, Any] = server.request("GET", "/api/v2/openapi.json").json()
    return found


def test_it_is_valid_openapi_31(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_the_command_writes_the_same(server: Server, document: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    server.scapi("openapi", "write", str(file))
    assert json.loads(file.read_text()) == document


@pytest.mark.parametrize(("operation", "where"), OPERATIONS.items())
def test_operations_have_the_names_of_the_spec(
    document: dict[str, Any], operation: str, where: tuple[str, str]
) -> None:
    method, path = where
    assert document["paths"][path][method]["operationId"] == operation


def test_schemas_have_the_names_of_the_spec(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]) >= SCHEMAS


def test_bodies_are_documented_as_they_are_taken(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for method, operation in methods.items():
            if "requestBody" in operation if isinstance(operation, dict) else False:
                if operation["operationId"] in ("appendTusUpload", "appendToUploadResource"):
                    continue
                upload = operation["operationId"] == "MediaChunkUpload"
                assert set(operation["requestBody"]["content"]) == ({"multipart/form-data"} if upload else BODIES), (
                    method
                )


def test_a_document_with_one_type_of_body_for_generators(server: Server) -> None:
    document = server.request("GET", "/api/v2/openapi.json?bodies=json").json()
    validate(document)
    bodies = {
        operation["operationId"]: set(operation["requestBody"]["content"])
        for methods in document["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict) and "requestBody" in operation
    }
    assert bodies.pop("MediaChunkUpload") == {"multipart/form-data"}
    for operation in ("appendTusUpload", "appendToUploadResource"):
        assert len(bodies.pop(operation)) == 1
    assert set(map(frozenset, bodies.values())) == {frozenset({"application/json"})}
    schemas = document["components"]["schemas"]
    assert "file" not in schemas["ChunkMedia"].get("required", [])  # this schema is an answer, too
    assert set(schemas["ChunkCompleteMedia"]["required"]) == {"upload_id", "md5"}
    assert "multipart/form-data" in server.request("GET", "/api/v2/openapi.json").text


def test_the_chunk_is_documented_as_a_file(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["ChunkMedia"]["properties"]["file"]["format"] == "binary"


@pytest.mark.parametrize("path", ["/api/v2/docs", "/api/v2/docs/", "/api/v2/docs/swagger-ui-bundle.js"])
def test_swagger_ui_comes_from_this_machine(server: Server, path: str) -> None:
    answer = server.request("GET", path, allow_redirects=False)
    assert answer.status_code == 200
    if not path.endswith("js"):
        assert 'src="http' not in answer.text
        assert 'href="http' not in answer.text


def test_swagger_ui_works_behind_a_path_prefix(make_app: Callable[..., Flask]) -> None:
    client = make_app(SCAPI_PUBLIC_URL="https://example.org/scapi/").test_client()
    for path in ("/api/v2/docs", "/api/v2/docs/"):
        addresses = re.findall(r'(?:src|href|data-url)="([^"]*)"', client.get(path).text)
        assert "/scapi/api/v2/openapi.json" in addresses
        for address in addresses:
            with client.get(address.removeprefix("/scapi")) as answer:
                assert answer.status_code == 200, address


def test_swagger_ui_runs_under_its_policy(server: Server, browser: Browser) -> None:
    answer = server.request("GET", "/api/v2/docs/")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{server.url}/api/v2/docs")
    page.get_by_text("/api/v2/media/upload/chunk/").first.wait_for()
    assert not [line for line in said if "Content Security Policy" in line]
    assert not page.locator("img[src*='validator']").count()
    page.close()


def test_every_operation_names_its_errors(document: dict[str, Any]) -> None:
    found = set()
    for methods in document["paths"].values():
        for method, operation in methods.items():
            if method != "parameters":
                errors = {int(status): what for status, what in operation["responses"].items() if status >= "400"}
                assert errors.keys() >= {401, 429, 500, 503, 507}
                for status, what in errors.items():
                    assert {ERRORS[code].status for code in what["x-codes"]} == {status}
                    found |= set(what["x-codes"])
    assert found >= ERRORS.keys() - OF_OTHER_ADDRESSES
