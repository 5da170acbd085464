"""Lists of tags: filters, orders, the endpoints of newer clients."""

from typing import Any

import pytest

from tests.client import refusal
from tests.running import Server
from tests.tags.making import TAGS, create, unique

LISTS = [TAGS, f"{TAGS}search/", f"{TAGS}user/search/"]


@pytest.fixture(scope="module")
def mark(server: Server) -> str:
    """A word in the names of four tags: `a`, `b`, `c` and `D`, made in this order."""
    mark = unique("list").split()[1]
    create(server, name=f"a {mark}", active=False, color="#000003")
    create(server, name=f"b {mark}", visible=False, type="category", color="#000002")
    create(server, name=f"c {mark}", visibility_boost=True, description="z", color="#000002")
    create(server, name=f"D {mark}", type="contribution", description="Y", color="#000001")
    return mark


def names(server: Server, path: str, **query: Any) -> str:
    """Return the initials of the tags on a list."""
    answer = server.request("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert list(page) == ["count", "next", "previous", "results"]
    assert page["count"] >= len(page["results"])
    return "".join(tag["name"][0] for tag in page["results"])


FILTERS = [
    ({}, "Dcba"),
    ({"active": "false"}, "a"),
    ({"active": "True"}, "Dcb"),
    ({"active": "1", "visible": "on"}, "Dc"),
    ({"visible": "0"}, "b"),
    ({"visibility_boost": "true"}, "c"),
    ({"type": "category"}, "b"),
    ({"type": "user", "active": "1"}, "c"),
    ({"deleted": "false"}, "Dcba"),
    ({"deleted": "true"}, ""),
    ({"active": "", "type": "", "limit": "", "offset": "", "ordering": "", "cursor": ""}, "Dcba"),
]


@pytest.mark.parametrize("path", LISTS[:2])
@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_filters(server: Server, mark: str, path: str, query: dict[str, str], found: str) -> None:
    assert names(server, path, search=mark, **query) == found


def test_user_search_finds_tags_of_type_user_only(server: Server, mark: str) -> None:
    assert names(server, LISTS[2], search=mark) == "ca"
    assert names(server, LISTS[2], search=mark, active="true") == "c"
    assert names(server, LISTS[2], search=mark, type="category") == "ca"


ORDERS = [
    ("name", "abcD"),
    ("-name", "Dcba"),
    ("id", "abcD"),
    ("created_at", "abcD"),
    ("-created_at", "Dcba"),
    ("description,name", "abDc"),
    ("color,name", "Dbca"),
    ("color,-name", "Dcba"),
    ("-type,name", "acDb"),
    ("active,-id", "aDcb"),
    (" visible , -visibility_boost,name", "bcaD"),
]


@pytest.mark.parametrize(("ordering", "found"), ORDERS)
def test_orders(server: Server, mark: str, ordering: str, found: str) -> None:
    assert names(server, TAGS, search=mark, ordering=ordering) == found
    walked, path, query = "", TAGS, {"search": mark, "ordering": ordering, "limit": 1}
    while path and len(walked) <= len(found):
        page = server.request("GET", path, params=query).json()
        walked += page["results"][0]["name"][0]
        path, query = (page["next"] or "").removeprefix(server.url), {}
    assert walked == found


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"active": "maybe"}, "invalid"),
        ({"visible": "undefined"}, "invalid"),
        ({"visibility_boost": "2"}, "invalid"),
        ({"deleted": "x"}, "invalid"),
        ({"ordering": "folded_name"}, "unknown"),
        ({"ordering": "name,"}, "unknown"),
        ({"ordering": "--name"}, "unknown"),
        ({"ordering": "name,-name"}, "twice"),
        ({"search": "\0"}, "unkeepable"),
    ],
)
def test_bad_queries_are_refused(server: Server, path: str, query: dict[str, str], code: str) -> None:
    refusal(server.request("GET", path, params=query), 400, code, next(iter(query)))


def test_a_type_that_is_none(server: Server) -> None:
    refusal(server.request("GET", TAGS, params={"type": "planet"}), 400, "invalid", "type")


def test_the_client_asks_with_nothing_behind_the_question_mark(server: Server, mark: str) -> None:
    assert server.request("GET", f"{TAGS}?").json()["count"] >= 4
