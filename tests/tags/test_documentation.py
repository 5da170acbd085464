"""The OpenAPI document about tags."""

from typing import Any

import pytest

from tests.running import Server

OPERATIONS = {
    "listTags": ("get", "/api/v2/tag/"),
    "createTag": ("post", "/api/v2/tag/"),
    "searchTags": ("get", "/api/v2/tag/search/"),
    "searchUserTags": ("get", "/api/v2/tag/user/search/"),
    "retrieveTag": ("get", "/api/v2/tag/{id}/"),
    "updateTag": ("put", "/api/v2/tag/{id}/"),
    "partialUpdateTag": ("patch", "/api/v2/tag/{id}/"),
    "destroyTag": ("delete", "/api/v2/tag/{id}/"),
    "assignTag": ("post", "/api/v2/tag/{id}/assign/"),
    "unassignTag": ("post", "/api/v2/tag/{id}/unassign/"),
}


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    """The server's document."""
    found: dict[str, Any] = server.request("GET", "/api/v2/openapi.json").json()
    return found


def test_operations(document: dict[str, Any]) -> None:
    found = {
        operation["operationId"]: (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/v2/tag/") and method != "parameters"
    }
    assert found == OPERATIONS


@pytest.mark.parametrize("operation", ["retrieveTag", "updateTag", "partialUpdateTag", "destroyTag", "listTags"])
def test_search_is_documented_where_the_spec_has_it(document: dict[str, Any], operation: str) -> None:
    method, path = OPERATIONS[operation]
    assert "search" in [parameter["name"] for parameter in document["paths"][path][method]["parameters"]]


def test_the_tag(document: dict[str, Any]) -> None:
    tag = document["components"]["schemas"]["Tag"]
    assert tag["required"] == ["name"]
    assert {name for name, field in tag["properties"].items() if field.get("readOnly")} == {
        "id",
        "created_at",
        "deleted",
    }
    assert tag["properties"]["name"] | {"description": ""} == {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "description": "",
    }
    assert tag["properties"]["description"] == {"type": ["string", "null"], "maxLength": 500}
    assert tag["properties"]["type"]["enum"] == ["user", "category", "contribution"]


@pytest.mark.parametrize(("operation", "schema"), [("createTag", "Tag"), ("updateTag", "Tag")])
def test_bodies_and_answers_have_the_name_of_the_spec(document: dict[str, Any], operation: str, schema: str) -> None:
    method, path = OPERATIONS[operation]
    found = document["paths"][path][method]
    reference = {"$ref": f"#/components/schemas/{schema}"}
    assert {kind: body["schema"] for kind, body in found["requestBody"]["content"].items()} == dict.fromkeys(
        ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"), reference
    )
    status = "201" if method == "post" else "200"
    assert found["responses"][status]["content"]["application/json"]["schema"] == reference
