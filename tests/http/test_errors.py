"""The common error body, also for errors before a view is reached."""

import pytest

from tests.client import CHUNK, COMPLETE, refusal
from tests.running import Server


def test_404(server: Server) -> None:
    refusal(server.request("GET", "/nowhere"), 404, "not_found")


def test_405_says_what_is_allowed(server: Server) -> None:
    answer = server.request("GET", COMPLETE)
    refusal(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", [CHUNK, COMPLETE])
def test_415(server: Server, path: str) -> None:
    answer = server.request("POST", path, data=b"<xml/>", headers={"Content-Type": "text/xml"})
    refusal(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("text", ["{", "\xff", "[" * 100_000])
def test_json_that_is_none(server: Server, text: str) -> None:
    answer = server.request("POST", COMPLETE, data=text.encode("latin-1"), headers={"Content-Type": "application/json"})
    refusal(answer, 400, "invalid")


@pytest.mark.parametrize("text", ["[]", "1", '"text"', "[[1]]"])
@pytest.mark.parametrize("path", [CHUNK, COMPLETE])
def test_json_that_is_no_object(server: Server, path: str, text: str) -> None:
    answer = server.request("POST", path, data=text, headers={"Content-Type": "application/json"})
    refusal(answer, 400, "invalid")


def test_fields_of_the_wrong_type(server: Server) -> None:
    body = server.request("POST", COMPLETE, json={"upload_id": 1, "md5": [], "type": {}}).json()
    assert {item["field"]: item["messages"][0]["code"] for item in body["errors"]} == {
        "upload_id": "invalid",
        "md5": "invalid",
        "type": "invalid",
    }


def test_a_number_with_thousands_of_digits(server: Server) -> None:
    body = '{"md5": ' + "1" * 5000 + "}"
    answer = server.request("POST", COMPLETE, data=body, headers={"Content-Type": "application/json"})
    refusal(answer, 400, "invalid")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_json_body_that_would_take_up_much_memory(server: Server, chunked: bool) -> None:
    body = b'{"a": [' + b"{}," * 200_000 + b"{}]}"
    data = iter([body[:100_000], body[100_000:]]) if chunked else body
    answer = server.request("POST", COMPLETE, data=data, headers={"Content-Type": "application/json"})
    refusal(answer, 413, "request_entity_too_large")
