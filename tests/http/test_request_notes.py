"""The id of a request: the client's own if it is valid, in the header of every answer and in every error body."""

import re

import pytest

from tests import client, files
from tests.client import CHUNK
from tests.running import Server

NEW = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("asked", ["a", "Req.42_x-Y", "0" * 64])
def test_a_sane_one_is_kept(server: Server, asked: str) -> None:
    answer = server.request("GET", "/nowhere", headers={"X-Request-ID": asked})
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == asked


@pytest.mark.parametrize("asked", ["", "0" * 65, "two words", "a\tb", "a;b", "{}", "ü"])
def test_another_one_is_replaced(server: Server, asked: str) -> None:
    answer = server.request("GET", "/nowhere", headers={"X-Request-ID": asked.encode()})
    assert NEW.fullmatch(answer.json()["request_id"])
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


def test_no_two_are_the_same(server: Server) -> None:
    assert len({server.request("GET", "/healthz").headers["X-Request-ID"] for _ in range(20)}) == 20


def test_every_answer_has_one_that_pages_may_read(server: Server) -> None:
    url = client.upload(server, files.jpeg())["url"].removeprefix(server.url)
    asked = {"X-Request-ID": "mine", "Origin": "https://community.example"}
    for method, path in (("GET", url), ("HEAD", url), ("OPTIONS", CHUNK), ("GET", "/api/v2/docs/"), ("GET", "/readyz")):
        answer = server.request(method, path, headers=asked)
        assert answer.ok
        assert answer.headers["X-Request-ID"] == "mine"
        if method != "OPTIONS":
            assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
