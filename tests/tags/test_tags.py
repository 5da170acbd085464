"""The tag resource, over HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import refusal
from tests.running import Server
from tests.tags.making import TAGS, create, unique

FIELDS = [
    "id",
    "name",
    "description",
    "color",
    "visible",
    "active",
    "created_at",
    "type",
    "visibility_boost",
    "deleted",
]


def test_a_new_tag_has_every_field(server: Server) -> None:
    name = unique()
    answer = server.request("POST", TAGS, json={"name": name})
    assert answer.status_code == 201
    tag = answer.json()
    assert list(tag) == FIELDS
    created_at = datetime.fromisoformat(tag.pop("created_at"))
    assert abs(datetime.now(UTC) - created_at) < timedelta(minutes=1)
    assert type(tag.pop("id")) is int
    assert tag == {
        "name": name,
        "description": None,
        "color": "#808080",
        "visible": True,
        "active": True,
        "type": "user",
        "visibility_boost": False,
        "deleted": False,
    }
    for path in (f"{TAGS}{answer.json()['id']}/", f"{TAGS}{answer.json()['id']}"):
        found = server.request("GET", path)
        assert (found.status_code, found.json()) == (200, answer.json())


@pytest.mark.parametrize("way", ["json", "urlencoded", "multipart"])
def test_every_kind_of_body(server: Server, way: str) -> None:
    fields = {"name": unique(), "description": "d", "color": "#FFF", "visible": "0", "active": "on", "type": "category"}
    bodies: dict[str, dict[str, Any]] = {
        "json": {"json": {**fields, "visible": False, "active": 1}},
        "urlencoded": {"data": fields},
        "multipart": {"files": {name: (None, value) for name, value in fields.items()}},
    }
    path = TAGS
    for method, status in (("POST", 201), ("PUT", 200), ("PATCH", 200)):
        answer = server.request(method, path, **bodies[way])
        assert answer.status_code == status, answer.text
        tag = answer.json()
        path = f"{TAGS}{tag['id']}/"
        expected = {**fields, "color": "#ffffff", "visible": False, "active": True}
        assert {name: tag[name] for name in fields} == expected


BOOLEANS = [("true", "false"), ("True", "False"), ("1", "0"), ("on", "off"), (True, False), (1, 0)]


@pytest.mark.parametrize(("yes", "no"), BOOLEANS)
def test_booleans_as_clients_write_them(server: Server, yes: object, no: object) -> None:
    tag = create(server, visibility_boost=yes, active=no)
    assert (tag["visibility_boost"], tag["active"]) == (True, False)


def test_read_only_and_unknown_fields_are_ignored(server: Server) -> None:
    tag = create(server, id=1, created_at="2001-01-01T00:00:00Z", deleted=True, unheard_of=1, folded_name="x")
    assert tag["created_at"] > "2020"
    assert tag["deleted"] is False
    changed = server.request("PATCH", f"{TAGS}{tag['id']}/", json={"id": 5, "deleted": True, "created_at": None})
    assert (changed.status_code, changed.json()) == (200, tag)


def test_patch_changes_what_is_given(server: Server) -> None:
    tag = create(server, description="old", color="#123456")
    changed = server.request("PATCH", f"{TAGS}{tag['id']}/", json={"description": None, "visible": False})
    assert changed.json() == {**tag, "description": None, "visible": False}
    assert server.request("GET", f"{TAGS}{tag['id']}/").json() == changed.json()


def test_put_needs_the_name_and_leaves_what_is_not_given(server: Server) -> None:
    tag = create(server, description="old", color="#123456", active=False)
    name = unique()
    changed = server.request("PUT", f"{TAGS}{tag['id']}/", json={"name": name, "color": "#abc"})
    assert changed.json() == {**tag, "name": name, "color": "#aabbcc"}
    refusal(server.request("PUT", f"{TAGS}{tag['id']}/", json={"color": "#abc"}), 400, "required", "name")


def test_a_body_may_be_null(server: Server) -> None:
    tag = create(server)
    null = {"data": "null", "headers": {"Content-Type": "application/json"}}
    patched = server.request("PATCH", f"{TAGS}{tag['id']}/", **null)
    assert (patched.status_code, patched.json()) == (200, tag)
    refusal(server.request("PUT", f"{TAGS}{tag['id']}/", **null), 400, "required", "name")
    refusal(server.request("POST", TAGS, **null), 400, "required", "name")


def test_a_deleted_tag_is_gone(server: Server) -> None:
    tag = create(server)
    path = f"{TAGS}{tag['id']}/"
    answer = server.request("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        refusal(server.request(method, path, json={"name": unique()}), 404, "not_found")
    assert create(server, name=tag["name"])["id"] > tag["id"]


@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**63, 10**30, "x", "-1"])
def test_ids_that_cannot_be(server: Server, number: object) -> None:
    assert server.request("GET", f"{TAGS}{number}/").status_code == 404


def test_a_tag_outside_the_search_is_not_there(server: Server) -> None:
    tag = create(server, name=unique("Éclair"))
    path = f"{TAGS}{tag['id']}/"
    for method, body in (("GET", {}), ("PUT", {"name": tag["name"]}), ("PATCH", {"visible": True}), ("DELETE", {})):
        for term in ("baguette", "ba"):
            refusal(server.request(method, path, params={"search": term}, json=body), 404, "not_found")
        answer = server.request(method, path, params={"search": "ECLAIR"}, json=body)
        assert answer.status_code == (204 if method == "DELETE" else 200), answer.text


def test_search_looks_at_what_is_there_before_the_change(server: Server) -> None:
    tag = create(server, name=unique("before"))
    found = server.request("PATCH", f"{TAGS}{tag['id']}/?search=before", json={"name": unique("after")})
    assert found.status_code == 200
    assert found.json()["name"].startswith("after")


BAD = [
    ({}, "name", "required"),
    ({"name": None}, "name", "null"),
    ({"name": " \t\u3000"}, "name", "blank"),
    ({"name": "\u200b\u2060"}, "name", "blank"),
    ({"name": "\u202e \u2066"}, "name", "blank"),
    ({"name": "\u3164"}, "name", "blank"),
    ({"name": "x" * 65}, "name", "max_length"),
    ({"name": 7}, "name", "invalid"),
    ({"name": ["x"]}, "name", "invalid"),
    ({"name": "a\0b"}, "name", "unkeepable"),
    ({"name": "\ud83d"}, "name", "unkeepable"),
    ({"name": "x", "description": "x" * 501}, "description", "max_length"),
    ({"name": "x", "description": "\0"}, "description", "unkeepable"),
    ({"name": "x", "color": "red"}, "color", "invalid"),
    ({"name": "x", "color": "#12345"}, "color", "invalid"),
    ({"name": "x", "color": "#１２３"}, "color", "invalid"),
    ({"name": "x", "color": None}, "color", "null"),
    ({"name": "x", "visible": "perhaps"}, "visible", "invalid"),
    ({"name": "x", "active": None}, "active", "null"),
    ({"name": "x", "visibility_boost": [1]}, "visibility_boost", "invalid"),
    ({"name": "x", "type": "planet"}, "type", "invalid"),
    ({"name": "x", "type": None}, "type", "null"),
]


@pytest.mark.parametrize(("fields", "field", "code"), BAD)
def test_bad_fields_are_refused(server: Server, fields: dict[str, Any], field: str, code: str) -> None:
    refusal(server.request("POST", TAGS, json=fields), 400, code, field)


@pytest.mark.parametrize("body", ["[]", "7", '"x"', "{", ""])
def test_bad_bodies_are_refused(server: Server, body: str) -> None:
    answer = server.request("POST", TAGS, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"]


def test_limits_count_characters_after_trimming(server: Server) -> None:
    name = unique("🏷é")
    name += "é" * (64 - len(name))
    tag = create(server, name=f"  {name}\n", description=" " + "ü" * 500, color=" #AbC ")
    assert (tag["name"], tag["description"], tag["color"]) == (name, "ü" * 500, "#aabbcc")


def test_characters_that_grow_when_folded(server: Server) -> None:
    """U+FDFA becomes 18 characters: the indexes must be able to store that."""
    name = "ﷺ" * 32 + unique("")[1:]
    tag = create(server, name=name, description="ﷺ" * 500)
    found = server.request("GET", TAGS, params={"search": name}).json()
    assert [item["id"] for item in found["results"]] == [tag["id"]]


def test_a_name_is_unique_in_its_type_whatever_its_case(server: Server) -> None:
    tag = create(server, name=unique("Straße Ä"))
    for name in (tag["name"], tag["name"].upper(), f" {tag['name']} ", tag["name"].replace("Ä", "A\u0308")):
        refusal(server.request("POST", TAGS, json={"name": name}), 400, "unique", "name")
    create(server, name=tag["name"], type="category")
    create(server, name=tag["name"].replace("Ä", "A"))
    other = create(server)
    for method in ("PUT", "PATCH"):
        same = server.request(method, f"{TAGS}{other['id']}/", json={"name": tag["name"]})
        refusal(same, 400, "unique", "name")
    itself = server.request("PATCH", f"{TAGS}{tag['id']}/", json={"name": tag["name"].upper()})
    assert itself.json()["name"] == tag["name"].upper()


def test_a_type_may_change_unless_the_name_is_taken_there(server: Server) -> None:
    tag = create(server, type="contribution")
    path = f"{TAGS}{tag['id']}/"
    assert server.request("PATCH", path, json={"type": "category"}).json()["type"] == "category"
    create(server, name=tag["name"], type="user")
    refusal(server.request("PATCH", path, json={"type": "user"}), 400, "unique", "name")


def test_of_several_that_create_the_same_one_wins(server: Server) -> None:
    name = unique()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: server.request("POST", TAGS, json={"name": name}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7


def test_changing_and_deleting_at_once_is_answered(server: Server) -> None:
    def act(number: int) -> int:
        method = ("PATCH", "DELETE", "GET", "PUT")[number % 4]
        fields = {"name": unique(), "description": unique()}
        return server.request(method, f"{TAGS}{tag['id']}/?search=", json=fields).status_code

    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            tag = create(server)
            statuses = list(threads.map(act, range(16)))
            assert set(statuses) <= {200, 204, 404}
            assert statuses.count(204) == 1


def test_changes_at_once_of_different_fields_all_hold_and_are_found(server: Server) -> None:
    tag = create(server)
    path = f"{TAGS}{tag['id']}/"
    with ThreadPoolExecutor(8) as threads:
        for number in range(5):
            changes = [
                {"name": unique(f"n{number}")},
                {"description": unique(f"d{number}")},
                {"color": f"#00000{number}"},
            ]
            assert all(threads.map(lambda change: server.request("PATCH", path, json=change).ok, changes))
            found = server.request("GET", path).json()
            for change in changes:
                assert change.items() <= found.items()
            for term in (changes[0]["name"], changes[1]["description"]):
                assert server.request("GET", path, params={"search": term}).status_code == 200


def test_newest_first(server: Server) -> None:
    mark = unique("row").split()[1]
    ids = []
    for number in range(3):
        ids.append(create(server, name=f"{mark} {number}")["id"])
        time.sleep(0.001)
    found = server.request("GET", TAGS, params={"search": mark}).json()
    assert [tag["id"] for tag in found["results"]] == ids[::-1]
