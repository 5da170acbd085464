"""Admins find and delete anyone's media, by the details of a report."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask

from scapi.database import db
from scapi.events.signals import Event, media_deleted
from scapi.media.models import Media
from tests import files
from tests.client import chunk_form, md5, refusal, upload
from tests.conftest import token
from tests.running import Server

MEDIA = "/api/v2/media/"
ADMIN = token(1, admin=True)
USERS = count(8_000_000)
SEEDS = count(80_000)


def found(server: Server, headers: dict[str, str] = ADMIN, **query: Any) -> list[int]:
    """Return the ids of the media on a list."""
    answer = server.request("GET", MEDIA, params={"limit": 100, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return [media["id"] for media in answer.json()["results"]]


def test_an_admin_sees_who_made_a_media(server: Server) -> None:
    user = next(USERS)
    mine, nobodys = (upload(server, files.gif(), headers=headers)["id"] for headers in (token(user), None))
    made = {mine: user, nobodys: None}
    for headers, creators in ((ADMIN, made), (token(user), {})):
        listed = server.request("GET", MEDIA, params={"limit": 2}, headers=headers).json()["results"]
        assert {one["id"]: one["user_id"] for one in listed if "user_id" in one} == creators
    assert "user_id" not in server.request("GET", f"{MEDIA}{mine}/", headers=ADMIN).json()


def test_an_admin_sees_everyones(server: Server) -> None:
    user, other = next(USERS), next(USERS)
    mine, theirs, nobodys = (
        upload(server, files.gif(), headers=headers)["id"] for headers in (token(user), token(other), None)
    )
    assert found(server)[:3] == [nobodys, theirs, mine]
    assert found(server, user=user) == [mine]
    assert found(server, user="none")[0] == nobodys
    assert found(server, token(user, admin=True), user="me") == [mine]
    assert found(server, token(user), user=user) == found(server, token(user)) == [mine]
    assert found(server, user=2**63) == []
    assert found(server, user="oidc:nobody") == found(server, user="oidc:\0") == []


@pytest.mark.parametrize("user", ["1", "none", str(2**63)])
def test_others_see_their_own_only(server: Server, user: str) -> None:
    mine = token(next(USERS))
    refusal(server.request("GET", MEDIA, params={"user": user}, headers=mine), 403, "not_admin", field="user")


def test_a_report_names_a_file(server: Server) -> None:
    photo = files.jpeg(noise=True, seed=next(SEEDS))
    media = upload(server, photo)
    assert found(server, md5=md5(photo).upper()) == [media["id"]]
    assert found(server, md5="0" * 32) == []
    path = media["url"].removeprefix(server.url)
    for url in (
        media["url"],
        path,
        media["image_thumbnail"]["url"],
        f"https://cdn.example{path}?a=b#c",
        f"HTTPS://MEDIA.EXAMPLE:8443/below/a/prefix{path}",
        path.upper().replace("/MEDIA/", "/media/"),
    ):
        assert found(server, url=url) == [media["id"]], url
    for url in ("/", "https://", path.rpartition("/")[0], path.replace("-", ""), "https://a.example/media/x/y"):
        assert found(server, url=url) == [], url
    assert found(server, url="https://elsewhere.example/photo.jpg") == []
    assert found(server, token(next(USERS)), url=media["url"]) == []


def test_what_was_sent_counts_and_not_what_was_made_of_it(server: Server) -> None:
    located = files.jpeg(gps=True, noise=True, seed=next(SEEDS))
    media = upload(server, located)
    served = server.request("GET", media["url"].removeprefix(server.url)).content
    assert served != located
    assert found(server, md5=md5(located)) == [media["id"]]
    assert found(server, md5=md5(served)) == []


def test_filters_of_ones_own_list(server: Server) -> None:
    mine = token(next(USERS))
    photo = upload(server, files.jpeg(), filename="Gita in Città 100%.jpg", headers=mine)["id"]
    paper = upload(server, files.pdf(), filename="rules_of_the_house.pdf", headers=mine)["id"]
    now = datetime.now(UTC)
    assert found(server, mine, search="CITTÀ") == found(server, mine, search="100%") == [photo]
    assert found(server, mine, search="s_o") == [paper]
    assert found(server, mine, search="%") == [photo]
    assert found(server, mine, search="\0") == found(server, mine, search="\\") == found(server, mine, search="/") == []
    assert found(server, mine, search="_") == [paper]
    assert found(server, mine, search="") == [paper, photo]
    assert found(server, mine, type="doc") == found(server, mine, type="document") == [paper]
    assert found(server, mine, since=(now - timedelta(hours=1)).isoformat()) == [paper, photo]
    assert found(server, mine, since=(now + timedelta(hours=1)).isoformat()) == []
    assert found(server, mine, until=f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}") == []
    assert found(server, mine, until="2100-01-01", search="gita", type="image", user="me") == [photo]


@pytest.mark.parametrize(
    "query",
    [
        {"since": "soon"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"type": "song"},
        {"md5": "x"},
        {"md5": "0" * 32 + "\n"},
        {"user": "x"},
        {"user": "-1"},
        {"user": "oidc:"},
    ],
)
def test_filters_that_are_none(server: Server, query: dict[str, str]) -> None:
    (name,) = query
    refusal(server.request("GET", MEDIA, params=query, headers=ADMIN), 400, "invalid", field=name)


def test_the_bounds_of_a_time(server: Server) -> None:
    mine = token(next(USERS))
    media = upload(server, files.gif(), headers=mine)
    moment = datetime.fromisoformat(media["added_at"])
    tick = timedelta(seconds=1)  # the precision of answers
    for since, until, met in ((moment, moment + tick, True), (moment + tick, None, False), (None, moment, False)):
        bounds = {name: bound.isoformat() for name, bound in (("since", since), ("until", until)) if bound}
        assert found(server, mine, **bounds) == [media["id"]] * met, bounds
    for year in ("0001-01-01", "9999-12-31"):
        assert len(found(server, mine, since=year)) + len(found(server, mine, until=year)) == 1


def test_pages_of_a_filtered_list(server: Server) -> None:
    mine = token(next(USERS))
    made = [upload(server, files.gif(), filename=f"{number}_x.gif", headers=mine)["id"] for number in range(3)]
    page = server.request("GET", MEDIA, params={"search": "_x", "limit": 2}, headers=mine).json()
    rest = server.request("GET", page["next"].removeprefix(server.url), headers=mine).json()
    assert [one["id"] for one in page["results"] + rest["results"]] == made[::-1]
    assert (page["count"], rest["next"]) == (3, None)


@pytest.mark.parametrize("creator", [None, 7])
def test_an_admin_deletes_anything(server: Server, creator: int | None) -> None:
    media = upload(server, files.jpeg(), headers=token(creator) if creator else None)
    path = f"{MEDIA}{media['id']}/"
    refusal(server.request("DELETE", path, headers=token(next(USERS))), 403, "not_creator")
    refusal(server.request("PATCH", path, json={"image": "http://a.example/b.png"}, headers=ADMIN), 403, "not_creator")
    assert server.request("DELETE", path, headers=ADMIN).status_code == 204
    for url in (media["url"], media["image_thumbnail"]["url"]):
        assert server.request("GET", url.removeprefix(server.url)).status_code == 404
    assert f"media {media['id']} of {f'user {creator}' if creator else 'nobody'} was deleted by admin 1" in (
        server.log.read_text()
    )


def test_the_event_says_who_and_what_to_purge(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_PUBLIC_URL="https://media.example")
    heard: list[Event] = []

    def hear(_app: Flask, event: Event) -> None:
        heard.append(event)

    with media_deleted.connected_to(hear):
        client = app.test_client()
        photo = files.jpeg()
        sent = client.post("/api/v2/media/upload/chunk/", **chunk_form(photo)).get_json()
        form = {"upload_id": sent["upload_id"], "md5": md5(photo)}
        media = client.post("/api/v2/media/upload/complete/", data=form).get_json()
        assert client.delete(f"{MEDIA}{media['id']}/", headers=ADMIN).status_code == 204
    (event,) = heard
    assert event.data["deleted_by"] == 1
    assert event.data["urls"] == [media["url"], media["image_thumbnail"]["url"]]
    with app.app_context():
        assert db.session.get(Media, media["id"]) is None
