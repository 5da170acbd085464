"""Pages of lists: limits, links, cursors. These tests use lists of tags."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scapi.http.paging import DEFAULT_LIMIT, MAX_LIMIT
from tests.conftest import applications
from tests.running import Server
from tests.tags.making import TAGS, insert_tags

TOTAL = MAX_LIMIT + 5


@pytest.fixture(scope="module")
def client(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FlaskClient]:
    """A client of an application with a few more tags than a page may have, named by number, the newest first.

    It is for tests that only read.
    """
    with applications(request.getfixturevalue(database), tmp_path_factory.mktemp("data")) as make:
        yield filled(make())


@pytest.fixture
def own_client(make_app: Callable[..., Flask]) -> FlaskClient:
    """The same, for a test that changes the tags."""
    return filled(make_app())


def filled(app: Flask) -> FlaskClient:
    insert_tags(app, [{"name": f"{number:03}"} for number in range(TOTAL)])
    return app.test_client()


def get(client: FlaskClient, url: str, **query: Any) -> dict[str, Any]:
    """Return a page, by its URL or its path."""
    parts = urlsplit(url)
    answer = client.get(f"{parts.path}?{parts.query}" if parts.query else parts.path, query_string=query or None)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.get_json()
    return page


def names(page: dict[str, Any]) -> list[int]:
    """Return the numbers of the tags on a page."""
    return [int(tag["name"]) for tag in page["results"]]


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of a link without the cursor, whose content is opaque."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert query.pop("cursor")
    return {name: values[0] for name, values in query.items()}


def test_the_first_page(client: FlaskClient) -> None:
    page = get(client, TAGS)
    assert (page["count"], page["previous"], len(page["results"])) == (TOTAL, None, DEFAULT_LIMIT)
    assert names(page) == list(range(TOTAL - 1, TOTAL - 1 - DEFAULT_LIMIT, -1))
    assert query_of(page["next"]) == {"limit": str(DEFAULT_LIMIT), "offset": str(DEFAULT_LIMIT)}


@pytest.mark.parametrize("limit", [MAX_LIMIT, MAX_LIMIT + 1, 10**6, 2**70])
def test_a_high_limit_counts_as_the_highest(client: FlaskClient, limit: int) -> None:
    page = get(client, TAGS, limit=limit)
    assert len(page["results"]) == MAX_LIMIT
    assert query_of(page["next"]) == {"limit": str(MAX_LIMIT), "offset": str(MAX_LIMIT)}
    rest = get(client, page["next"])
    assert (names(rest), rest["next"]) == ([4, 3, 2, 1, 0], None)


def test_an_offset_jumps(client: FlaskClient) -> None:
    page = get(client, TAGS, limit=10, offset=7)
    assert names(page) == list(range(TOTAL - 8, TOTAL - 18, -1))
    assert query_of(page["next"]) == {"limit": "10", "offset": "17"}
    assert query_of(page["previous"]) == {"limit": "10", "offset": "0"}
    previous = get(client, page["previous"])
    assert names(previous) == list(range(TOTAL - 1, TOTAL - 8, -1))
    assert previous["previous"] is None
    assert names(get(client, previous["next"])) == names(page)


def test_pages_that_end_where_the_list_ends(client: FlaskClient) -> None:
    page = get(client, TAGS, limit=5, offset=TOTAL - 5)
    assert (names(page), page["next"]) == ([4, 3, 2, 1, 0], None)


@pytest.mark.parametrize("offset", [TOTAL, 10**6, 2**63 - 1])
def test_beyond_the_end(client: FlaskClient, offset: int) -> None:
    page = get(client, TAGS, offset=offset)
    assert (page["count"], page["results"], page["next"]) == (TOTAL, [], None)
    assert f"offset={offset - DEFAULT_LIMIT}" in page["previous"]
    get(client, page["previous"])


def test_a_list_without_results(client: FlaskClient) -> None:
    assert get(client, TAGS, search="nothing") == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", value) for value in ("0", "-1", "ten", "1.5", "1e3")]
    + [("offset", value) for value in ("-1", "x", str(2**63), "9" * 50)],
)
def test_other_numbers_are_refused(client: FlaskClient, name: str, value: str) -> None:
    answer = client.get(TAGS, query_string={name: value})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.get_json()["errors"]] == [name]


def test_links_keep_all_other_parameters(client: FlaskClient) -> None:
    query = [("search", "0"), ("utm", "1&2 ü"), ("utm", "3"), ("active", "True"), ("ordering", "-name"), ("empty", "")]
    page = get(client, TAGS, limit=1) and client.get(TAGS, query_string=[*query, ("limit", "1")]).get_json()
    for link in (page["next"], get(client, page["next"])["previous"]):
        found = parse_qs(urlsplit(link).query, keep_blank_values=True)
        assert {name: found[name] for name, _ in query} == {
            "search": ["0"],
            "utm": ["1&2 ü", "3"],
            "active": ["True"],
            "ordering": ["-name"],
            "empty": [""],
        }
        assert set(found) == {"search", "utm", "active", "ordering", "empty", "limit", "offset", "cursor"}


def test_the_page_before_one_whose_rows_are_gone(own_client: FlaskClient) -> None:
    second = get(own_client, TAGS, limit=3)["next"]
    third = get(own_client, second)["next"]
    back = get(own_client, third)["previous"]
    for tag in get(own_client, TAGS, limit=6)["results"]:
        assert own_client.delete(f"{TAGS}{tag['id']}/").status_code == 204
    page = get(own_client, back)
    assert (page["results"], page["previous"]) == ([], None)
    assert names(get(own_client, page["next"])) == names(get(own_client, third))


def test_rows_that_come_before_a_page_can_be_gone_back_to(own_client: FlaskClient) -> None:
    page = get(own_client, get(own_client, TAGS, limit=3)["next"])
    own_client.post(TAGS, json={"name": "999"})
    first = get(own_client, page["previous"])
    assert names(first) == [TOTAL - 1, TOTAL - 2, TOTAL - 3]
    assert names(get(own_client, first["previous"])) == [999]


def test_the_public_url(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_PUBLIC_URL="https://api.example.org/community/")
    insert_tags(app, [{"name": "a"}, {"name": "b"}])
    page = get(app.test_client(), TAGS, limit=1)
    assert page["next"].startswith("https://api.example.org/community/api/v2/tag/?limit=1&")


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example.net, api.example.org",
    "Host": "inner:8000",
}


@pytest.mark.parametrize(("proxies", "begins"), [(0, "http://inner:8000/api"), (1, "https://api.example.org/api")])
def test_trusted_proxies(make_app: Callable[..., Flask], proxies: int, begins: str) -> None:
    app = make_app(SCAPI_TRUSTED_PROXIES=proxies)
    insert_tags(app, [{"name": "a"}, {"name": "b"}])
    page = app.test_client().get(TAGS, query_string={"limit": 1}, headers=FORWARDED).get_json()
    assert page["next"].startswith(begins)


def encoded(content: object) -> str:
    """Return a value in the form of a cursor."""
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


MOMENT = "2026-01-01T00:00:00+00:00"
BAD_CURSORS = [
    "x",
    "ü",
    "%%%",
    encoded(None),
    encoded({}),
    encoded([]),
    encoded(["-created_at"]),
    encoded(["-created_at", False, MOMENT]),
    encoded(["-created_at", 1, MOMENT, 1]),
    encoded(["-created_at", False, MOMENT, 1, 1]),
    encoded(["name", False, MOMENT, 1]),
    encoded(["-created_at", False, "yesterday", 1]),
    encoded(["-created_at", False, 7, 1]),
    encoded(["-created_at", False, "0001-01-01T00:00:00+23:00", 1]),
    encoded(["-created_at", False, MOMENT, 2**63]),
    encoded(["-created_at", False, MOMENT, "1"]),
    encoded(["-created_at", False, MOMENT, True]),
    encoded(["-created_at", False, MOMENT, 1.5]),
    urlsafe_b64encode(b"[" * 2000).decode(),
    urlsafe_b64encode(b"\xff\xfe").decode(),
]


@pytest.mark.parametrize("cursor", BAD_CURSORS)
def test_bad_cursors_are_refused(server: Server, cursor: str) -> None:
    answer = server.request("GET", TAGS, params={"cursor": cursor})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("text", ["\0", "\ud800", 1, None])
def test_cursors_of_texts_are_checked_too(server: Server, text: object) -> None:
    query = {"ordering": "name", "cursor": encoded(["name", False, text, 1])}
    assert server.request("GET", TAGS, params=query).status_code == 400


JSON_VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rest=st.lists(JSON_VALUES, max_size=4), backwards=st.booleans())
def test_no_cursor_is_an_error_of_ours(server: Server, rest: list[Any], backwards: bool) -> None:
    query = {"ordering": "name,-active", "cursor": encoded(["name,-active", backwards, *rest])}
    assert server.request("GET", TAGS, params=query).status_code in (200, 400)


def test_a_cursor_of_another_order_is_refused(client: FlaskClient) -> None:
    link = get(client, TAGS, limit=1, ordering="name")["next"].replace("ordering=name", "ordering=-name")
    parts = urlsplit(link)
    assert client.get(f"{parts.path}?{parts.query}").status_code == 400


def test_the_document_describes_pages(server: Server) -> None:
    document = server.request("GET", "/api/v2/openapi.json").json()
    listing = document["paths"][TAGS]["get"]
    parameters = {parameter["name"]: parameter for parameter in listing["parameters"]}
    assert set(parameters) == {
        *(
            "limit",
            "offset",
            "cursor",
            "search",
            "ordering",
            "active",
            "visible",
            "visibility_boost",
            "deleted",
            "type",
        ),
        "media",
    }
    assert parameters["limit"]["schema"] == {"type": "integer", "default": DEFAULT_LIMIT, "minimum": 1}
    ordering = parameters["ordering"]["schema"]
    assert (ordering["type"], ordering["default"]) == ("string", "-created_at")
    assert re.search(ordering["pattern"], "name,-created_at")
    assert not re.search(ordering["pattern"], "nothing")
    page = document["components"]["schemas"]["TagPage"]["properties"]
    assert set(page) == {"count", "next", "previous", "results"}
    assert page["results"]["items"] == {"$ref": "#/components/schemas/Tag"}
