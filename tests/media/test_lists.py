"""The list of a user's own media."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from scapi.database import db
from scapi.media.models import Media, MediaType
from tests import files
from tests.client import refusal, upload
from tests.conftest import token
from tests.running import Server
from tests.tags.making import plan, statements

MEDIA = "/api/v2/media/"

USERS = count(7_000_000)
"""Ids of users without media."""


def listed(server: Server, user: int, **query: Any) -> dict[str, Any]:
    """Return the first page of a user's media."""
    answer = server.request("GET", MEDIA, params=query, headers=token(user))
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def test_a_user_sees_their_own_media_and_no_others(server: Server) -> None:
    user, other = next(USERS), next(USERS)
    first = upload(server, files.jpeg(), "image", headers=token(user))
    upload(server, files.jpeg(seed=1), headers=token(other))
    upload(server, files.jpeg(seed=2))
    embed = {"type": "embed", "embed_type": "video", "embed_id": "1", "metadata": {"a": 1}}
    second = server.request("POST", MEDIA, json=embed, headers=token(user)).json()
    for made in (first, second):
        assert made.pop("delete_token") is None  # only answers that create a media have it
    assert listed(server, user) == {"count": 2, "next": None, "previous": None, "results": [second, first]}


def test_pages_are_followed_while_media_come_and_go(server: Server) -> None:
    user = next(USERS)
    made = [upload(server, files.gif(), headers=token(user))["id"] for _ in range(5)]
    page = listed(server, user, limit=2)
    assert (page["count"], page["previous"]) == (5, None)
    met = [media["id"] for media in page["results"]]
    upload(server, files.gif(), headers=token(user))
    assert server.request("DELETE", f"{MEDIA}{made[4]}/", headers=token(user)).status_code == 204
    while page["next"]:
        page = server.request("GET", page["next"].removeprefix(server.url), headers=token(user)).json()
        met += [media["id"] for media in page["results"]]
    assert met == made[::-1]


def test_it_needs_a_token(server: Server) -> None:
    refusal(server.request("GET", MEDIA), 401, "anonymous")


@pytest.mark.parametrize("query", ["", "?offset=90&limit=5", "?limit=5"])
def test_it_reads_an_index_and_no_other_media(make_app: Callable[..., Flask], query: str) -> None:
    app = make_app()
    with app.app_context():
        rows = [{"type": MediaType.URL, "creator_id": number % 30} for number in range(3000)]
        db.session.execute(insert(Media), rows)
        db.session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("ANALYZE")
    client = app.test_client()
    path = MEDIA + query
    if query == "?limit=5":
        path = client.get(path, headers=token(1)).get_json()["next"]
    with statements(app) as sent:
        assert client.get(path, headers=token(1)).get_json()["count"] == 100
    count, listed, _files = (plan(app, *query) for query in sent)
    assert "ix_media_newest" in listed, listed
    assert "ix_media_creator_id_stored" in count or "ix_media_newest" in count, (
        count
    )  # each of them reads only the user's media
