"""Following `next` over many tags while others are added and deleted, and the number of queries per request."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from scapi.database import db
from scapi.tags.models import Tag
from tests.tags.making import TAGS, insert_tags, statements

MANY = 10_000
STAY = "stays"


def walk(client: FlaskClient, url: str | None, link: str = "next") -> Iterator[list[dict[str, Any]]]:
    """Yield the results of page after page."""
    for _ in range(2 * MANY // 100):  # ends even if the pages form a circle
        if url is None:
            return
        page = client.get(url).get_json()
        yield page["results"]
        parts = urlsplit(page[link] or "")
        url = f"{parts.path}?{parts.query}" if page[link] else None
    pytest.fail("the walk does not end")


class Weather:
    """Adds and deletes tags before, after and around the walker's position."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.turn = 0

    def blow(self, page: list[dict[str, Any]]) -> None:
        """Make a change that depends on the page number."""
        self.turn += 1
        around = [tag["id"] for tag in page]
        insert_tags(self.app, [{"name": f"{word} {self.turn}", "color": "#777777"} for word in ("a", "m", "z")])
        with self.app.app_context():
            goes = Tag.description.is_(None)
            near = Tag.id.between(min(around) - 3 * self.turn % 100, max(around) + 3 * self.turn % 100)
            db.session.query(Tag).filter(goes, Tag.name.not_like("a %"), near | (Tag.id % 97 == self.turn)).delete()
            db.session.commit()


def tag(number: int) -> dict[str, Any]:
    """Return one of many tags; every third may be deleted."""
    description = None if number % 3 == 0 else STAY
    return {
        "name": f"{number * 7919 % MANY:05} tag",
        "description": description,
        "type": ("user", "category")[number % 2],
    }


@pytest.fixture
def many(own_app: Flask) -> Flask:
    """An application with many tags."""
    with own_app.app_context():
        for stay in (True, False):  # one INSERT for tags with a description, one for tags without
            tags = [tag(number) for number in range(MANY)]
            insert_tags(own_app, [fields for fields in tags if (fields["description"] is not None) == stay])
    return own_app


def test_each_tag_exactly_once_while_others_come_and_go(many: Flask) -> None:
    client, weather = many.test_client(), Weather(many)
    for ordering in ("", "-id", "name", "type,-name"):
        seen: list[int] = []
        for page in walk(client, f"{TAGS}?limit=100&ordering={ordering}"):
            seen += [found["id"] for found in page]
            weather.blow(page)
        with many.app_context():
            stayed = set(db.session.scalars(db.select(Tag.id).where(Tag.description == STAY)))
        assert len(seen) == len(set(seen))
        assert stayed <= set(seen)
    assert len(stayed) == MANY - len(range(0, MANY, 3))


def test_there_and_back(many: Flask) -> None:
    client = many.test_client()
    pages = list(walk(client, f"{TAGS}?limit=100&ordering=-name"))
    assert sum(len(page) for page in pages) == MANY
    last = f"{TAGS}?limit=100&ordering=-name&offset={MANY - 100}"
    assert list(walk(client, last, "previous")) == pages[::-1]


QUERIES = [
    ("GET", TAGS, {}, 2),
    ("GET", f"{TAGS}?limit=100&search=tag&active=1&ordering=name", {}, 2),
    ("GET", f"{TAGS}?offset=9000", {}, 2),
    ("GET", f"{TAGS}search/?search=x", {}, 2),
    ("GET", f"{TAGS}user/search/", {}, 2),
    ("GET", f"{TAGS}5/?search=tag", {}, 1),
    ("POST", TAGS, {"name": "one more"}, 1),
    ("PUT", f"{TAGS}5/", {"name": "changed", "description": "x"}, 1),
    ("PATCH", f"{TAGS}6/?search=tag", {"name": "changed too"}, 1),
    ("PATCH", f"{TAGS}6/", {}, 1),
    ("POST", f"{TAGS}7/assign/", {"user": 1}, 2),
    ("POST", f"{TAGS}7/unassign/", {"user": 1}, 2),
    ("DELETE", f"{TAGS}8/", {}, 1),
]


@pytest.mark.parametrize("tags", [10, 1000])
def test_the_number_of_queries_does_not_depend_on_the_number_of_tags(own_app: Flask, tags: int) -> None:
    insert_tags(own_app, [{"name": f"tag {number}"} for number in range(tags)])
    client = own_app.test_client()
    for method, path, body, expected in QUERIES:
        with statements(own_app) as sent:
            answer = client.open(path, method=method, json=body or None)
        assert answer.status_code < 300, answer.text
        assert len(sent) == expected, (method, path, sent)
