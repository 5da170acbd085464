"""Assigning tags to users, categories, contributions and media."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scapi.database import db
from scapi.refusals import Refused
from scapi.tags import rows
from scapi.tags.models import TagAssignment
from tests.client import refusal
from tests.conftest import token
from tests.running import Server
from tests.tags.making import TAGS, create, unique

TYPES = ["user", "category", "contribution"]
JSON = {"Content-Type": "application/json"}


def send(server: Server, action: str, tag_id: int, **body: Any) -> Any:
    """Send a request to assign or unassign."""
    return server.request("POST", f"{TAGS}{tag_id}/{action}/", **body)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("way", ["json", "data"])
def test_assigning_and_unassigning(server: Server, kind: str, way: str) -> None:
    tag = create(server, type=kind)["id"]
    for action in ("assign", "assign", "unassign", "unassign"):
        answer = send(server, action, tag, **{way: {kind: 7}})
        assert (answer.status_code, answer.content) == (204, b""), answer.text
    others = {name: None for name in TYPES if name != kind}
    assert send(server, "assign", tag, json={kind: 2**63 - 1, **others}).status_code == 204
    assert send(server, "assign", tag, json={kind: 7.0}).status_code == 204  # JSON has only one type of numbers


def test_tags_of_media(server: Server) -> None:
    """Tags are listed by media, media are listed by tags, and deleting either removes the assignment."""

    def found(path: str, **query: int) -> list[int]:
        answer = server.request("GET", f"/api/v2/{path}/", params=query, headers=token(77))
        return [item["id"] for item in answer.json()["results"]]

    body = {"type": "embed", "embed_type": "poll", "embed_id": unique()}
    first, second = (
        server.request("POST", "/api/v2/media/", json=body, headers=token(77)).json()["id"] for _ in range(2)
    )
    red, blue = create(server, type="category")["id"], create(server)["id"]
    for tag, media in ((red, first), (blue, first), (red, second), (red, second)):
        assert send(server, "assign", tag, json={"media": media}).status_code == 204
    assert found("tag", media=first) == [blue, red]
    assert found("tag", media=second) == [red]
    assert found("media", tag=red) == [second, first]
    for _ in range(2):
        assert send(server, "unassign", red, json={"media": second}).status_code == 204
    assert found("media", tag=red) == [first]
    assert server.request("DELETE", f"/api/v2/media/{first}/", headers=token(77)).status_code == 204
    assert found("tag", media=first) == []
    assert send(server, "assign", red, json={"media": second}).status_code == 204
    assert server.request("DELETE", f"{TAGS}{red}/").status_code == 204
    assert found("media", tag=red) == []
    refusal(send(server, "assign", blue, json={"media": first}), 400, "unknown_media", "media")
    for action in ("assign", "unassign"):
        refusal(send(server, action, red, json={"media": second}), 404, "not_found")
    refusal(server.request("GET", TAGS, params={"media": "x"}), 400, "invalid", "media")


@pytest.mark.parametrize("action", ["assign", "unassign"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": 1, "category": 1},
        {"user": 1, "category": 1, "contribution": 1},
        {"user": None},
        {"planet": 1},
        None,
    ],
)
def test_exactly_one_target(server: Server, action: str, body: object) -> None:
    tag = create(server)["id"]
    answer = send(server, action, tag, data="null" if body is None else None, json=body, headers=JSON)
    refusal(answer, 400, "invalid")


@pytest.mark.parametrize("target", ["x", -1, 2**63, 10**40, 1.5, True, [1], {"id": 1}, ""])
def test_bad_targets(server: Server, target: object) -> None:
    refusal(send(server, "assign", create(server)["id"], json={"user": target}), 400, "invalid", "user")


@pytest.mark.parametrize("action", ["assign", "unassign"])
def test_a_tag_of_another_type(server: Server, action: str) -> None:
    tag = create(server, type="category")["id"]
    refusal(send(server, action, tag, json={"user": 1}), 400, "type_mismatch", "user")


@pytest.mark.parametrize("action", ["assign", "unassign"])
def test_no_such_tag(server: Server, action: str) -> None:
    refusal(send(server, action, 2**40, json={"user": 1}), 404, "not_found")


def test_an_assigned_tag_keeps_its_type(server: Server) -> None:
    tag = create(server)["id"]
    send(server, "assign", tag, json={"user": 1})
    refusal(server.request("PATCH", f"{TAGS}{tag}/", json={"type": "category"}), 409, "tag_assigned", "type")
    assert server.request("PUT", f"{TAGS}{tag}/", json={"type": "user", "name": unique()}).status_code == 200
    send(server, "unassign", tag, json={"user": 1})
    assert server.request("PATCH", f"{TAGS}{tag}/", json={"type": "category"}).status_code == 200


def test_many_at_once(server: Server) -> None:
    tag = create(server)["id"]
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda _: send(server, "assign", tag, json={"user": 1}).status_code, range(8))
    assert set(answers) == {204}


def test_deleting_while_assigning(server: Server) -> None:
    def act(number: int) -> int:
        if number == 5:
            return server.request("DELETE", f"{TAGS}{tag}/").status_code
        return int(send(server, "assign", tag, json={"user": number}).status_code)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            tag = create(server)["id"]
            assert set(threads.map(act, range(10))) <= {204, 404}


def test_a_tag_that_goes_between_the_look_and_the_write(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_check_type", lambda *_: None)
    with pytest.raises(Refused, match="no such tag"):
        rows.assign(1, "user", 7)


def test_a_deleted_tag_takes_its_assignments_with_it(own_app: Flask) -> None:
    client = own_app.test_client()
    ids = [client.post(TAGS, json={"name": name}).get_json()["id"] for name in ("a", "b")]
    for tag in ids:
        for user in (7, 7, 8):
            assert client.post(f"{TAGS}{tag}/assign/", json={"user": user}).status_code == 204
    client.post(f"{TAGS}{ids[1]}/unassign/", json={"user": 8})
    assignments = select(TagAssignment.tag_id, TagAssignment.type, TagAssignment.target_id)

    def kept() -> list[tuple[int, str, int]]:
        with own_app.app_context():
            return sorted((row.tag_id, row.type, row.target_id) for row in db.session.execute(assignments))

    assert kept() == [(ids[0], "user", 7), (ids[0], "user", 8), (ids[1], "user", 7)]
    assert client.delete(f"{TAGS}{ids[0]}/").status_code == 204
    assert kept() == [(ids[1], "user", 7)]
