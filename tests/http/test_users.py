"""Users of a login provider beside users of scapi's own tokens: ownership and names."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from scapi.database import db
from scapi.events.signals import media_created, media_deleted, upload_completed
from scapi.http.users import OidcUser
from scapi.media.commands import media
from scapi.media.user_commands import users
from scapi.tags.models import TagAssignment
from tests import files
from tests.client import CHUNK, COMPLETE, md5
from tests.conftest import token
from tests.http.providers import user
from tests.tus.speaking import STREAM, TUS

MEDIA = "/api/v2/media/"
PHOTO = files.jpeg()
LINK = {"type": "embed", "embed_type": "song", "embed_id": "oidc"}


def test_users_of_both_kinds_keep_apart(client: FlaskClient) -> None:
    """The name of a provider's user may equal the id of an own user, or another user's name on the wire."""
    people = {
        "ours": token(7),
        "theirs": user("7"),
        "odd": user("oidc:7"),
        "minus": user("-1"),
        "long": user("é" * 255),
    }
    made = {}
    for who, headers in people.items():
        answer = client.post(MEDIA, json=LINK, headers=headers)
        assert answer.status_code == 201
        assert answer.get_json()["delete_token"] is None
        made[who] = answer.get_json()["id"]
    for who, headers in people.items():
        assert [one["id"] for one in client.get(MEDIA, headers=headers).get_json()["results"]] == [made[who]]
        for other, media_id in made.items():
            if other != who:
                assert client.delete(f"{MEDIA}{media_id}/", headers=headers).status_code == 403
    for who, headers in people.items():
        assert client.delete(f"{MEDIA}{made[who]}/", headers=headers).status_code == 204


def test_an_upload_is_its_user_s(client: FlaskClient) -> None:
    def send(headers: dict[str, str], **fields: str) -> Any:
        form = {"image": (BytesIO(PHOTO), "photo.jpg"), **fields}
        return client.post(CHUNK, data=form, headers=headers)

    began = send(user("anna")).get_json()
    fields = {"upload_id": began["upload_id"], "md5": md5(PHOTO)}
    for stranger in (user("bob"), token(7), {}):
        assert client.post(COMPLETE, json=fields, headers=stranger).status_code == 404
    assert client.post(COMPLETE, json=fields, headers=user("anna")).status_code == 201


def test_quota_caps_and_clicks_count_by_user(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    limits = {"SCAPI_QUOTA_BYTES": len(PHOTO) * 2, "SCAPI_MAX_UPLOADS_PER_USER": 1}
    client = make_app(**settings, **limits).test_client()

    def begin(headers: dict[str, str]) -> Any:
        return client.post(CHUNK, data={"image": (BytesIO(PHOTO), "photo.jpg")}, headers=headers)

    def finish(headers: dict[str, str], upload_id: str) -> int:
        fields = {"upload_id": upload_id, "md5": md5(PHOTO)}
        return client.post(COMPLETE, json=fields, headers=headers).status_code

    for headers in (user("anna"), user("bob"), token(7)):
        first = begin(headers).get_json()["upload_id"]
        assert begin(headers).get_json()["errors"][0]["code"] == "too_many_uploads"
        assert finish(headers, first) == 201
        assert begin(headers).get_json()["errors"][0]["code"] == "quota_exceeded"
    media_id = client.post(MEDIA, json=LINK, headers=token(9)).get_json()["id"]
    for headers in (user("anna"), user("anna"), user("bob"), token(7)):
        assert client.post(f"{MEDIA}{media_id}/click/", headers=headers).status_code == 204
    assert client.get(f"{MEDIA}{media_id}/").get_json()["clicks"] == 3


def test_tags_and_lists_name_users_by_their_names(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    more = {"SCAPI_JWT_ADMIN_CLAIM": "realm_access.roles=media-admin", "SCAPI_TAG_WRITERS": "admins"}
    client = make_app(**settings, **more).test_client()
    admin = user("root", realm_access={"roles": ["user", "media-admin"]})
    for no_admin in (user("root", realm_access={"roles": ["user"]}), user("root", is_admin=True), user("root")):
        assert client.post("/api/v2/tag/", json={"name": "one"}, headers=no_admin).status_code == 403
    tag = client.post("/api/v2/tag/", json={"name": "one"}, headers=admin).get_json()
    for named in ("oidc:anna", "oidc:anna", 7):
        body = {"user": named}
        assert client.post(f"/api/v2/tag/{tag['id']}/assign/", json=body, headers=admin).status_code == 204
    for wrong in ("anna", "oidc:", "oidc:" + "x" * 256, -1):
        answer = client.post(f"/api/v2/tag/{tag['id']}/assign/", json={"user": wrong}, headers=admin)
        assert answer.status_code == 400, wrong
    media_id = client.post(MEDIA, json=LINK, headers=user("anna")).get_json()["id"]
    listed = client.get(MEDIA, query_string={"user": "oidc:anna"}, headers=admin).get_json()["results"]
    assert [one["id"] for one in listed] == [media_id]
    assert client.get(MEDIA, query_string={"user": "oidc:nobody"}, headers=admin).get_json()["results"] == []
    assert client.get(MEDIA, query_string={"user": "oidc:anna"}, headers=user("bob")).status_code == 403
    assert client.get(MEDIA, query_string={"user": "oidc:anna"}, headers=user("anna")).status_code == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_events_name_users_by_their_names(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    heard: list[Any] = []
    with media_created.connected_to(lambda _app, event, **_: heard.append(event.data["user_id"])):
        client = make_app(**settings).test_client()
        for headers in (user("anna"), token(7), {}):
            client.post(MEDIA, json=LINK, headers=headers)
    assert heard == ["oidc:anna", 7, None]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_operator_calls_users_by_their_names(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    app = make_app(**settings)
    for headers in (user("anna"), user("anna"), token(7)):
        app.test_client().post(MEDIA, json=LINK, headers=headers)
    runner = app.test_cli_runner()
    listed = json.loads(runner.invoke(users, ["usage", "--json"]).output)
    assert {one["user_id"]: one["media"] for one in listed} == {"oidc:anna": 2, 7: 1}
    named = runner.invoke(media, ["list", "--user", "oidc:anna", "--json"])
    assert [one["user_id"] for one in json.loads(named.output)] == ["oidc:anna"] * 2
    assert "there is no user oidc:nobody" in runner.invoke(users, ["purge", "oidc:nobody"]).output
    assert runner.invoke(users, ["purge", "-5"]).exit_code == 2
    assert runner.invoke(users, ["purge", "seven"]).exit_code == 2
    assert "deleted 2 media" in runner.invoke(users, ["purge", "oidc:anna"]).output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rates_count_by_user(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    client = make_app(**settings, SCAPI_RATE_LIMIT_OTHERS="2/hour").test_client()
    for headers in (user("anna"), user("bob"), token(7), user("7"), {}):
        answers = [client.get("/api/v2/tag/", headers=headers).status_code for _ in range(3)]
        assert answers == [200, 200, 429]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_uploads_of_every_protocol_are_their_user_s(client: FlaskClient) -> None:
    """By tus and by HTTP's own resumable uploads, too."""
    anna = user("7")
    others: tuple[dict[str, str], ...] = (token(7), user("8"), {})
    tus = {"Tus-Resumable": "1.0.0"}
    created = client.post(TUS, headers={**tus, **anna, "Upload-Length": str(len(PHOTO))})
    begun = client.post(MEDIA, data=PHOTO[:9], headers={"Via": "1.1 x", "Upload-Complete": "?0", **anna})
    paths = [answer.headers["Location"].removeprefix("http://localhost") for answer in (created, begun)]
    for stranger in others:
        assert [client.head(path, headers={**tus, **stranger}).status_code for path in paths] == [404, 404]
    sent = {**tus, **anna, "Upload-Offset": "0", "Content-Type": STREAM}
    finished = [client.patch(paths[0], data=PHOTO, headers=sent)]
    sent = {**anna, "Upload-Offset": "9", "Upload-Complete": "?1", "Content-Type": "application/partial-upload"}
    finished.append(client.patch(paths[1], data=PHOTO[9:], headers={"Via": "1.1 x", **sent}))
    assert [answer.status_code for answer in finished] == [204, 201]
    assert "Scapi-Delete-Token" not in finished[0].headers
    assert finished[1].get_json()["delete_token"] is None
    mine = [one["id"] for one in client.get(MEDIA, headers=anna).get_json()["results"]]
    assert len(mine) == 2
    assert [client.get(MEDIA, headers=one).get_json()["results"] for one in others[:2]] == [[], []]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nobody_sees_the_number_of_a_user(
    make_app: Callable[..., Flask], settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Answers, events, checks, the log and the output of commands all say `oidc:<sub>`."""
    caplog.set_level("INFO")
    seen: list[Any] = []
    more = {"SCAPI_JWT_ADMIN_CLAIM": "roles=admin", "SCAPI_LOG_LEVEL": "info"}
    app = make_app(**settings, **more)
    client, runner = app.test_client(), app.test_cli_runner()
    with app.app_context():
        db.session.add(
            OidcUser(id=770_000, name="oidc:first")
        )  # so that its number cannot be confused with another one
        db.session.commit()
    anna, admin = user("anna"), user("root", roles=["admin"])
    signals = (upload_completed, media_created, media_deleted)

    def hear(_app: Flask, event: Any, **_: Any) -> None:
        seen.append(event.data)

    with ExitStack() as stack:
        for signal in signals:
            stack.enter_context(signal.connected_to(hear))
        sent = {"image": (BytesIO(PHOTO), "photo.jpg")}
        upload_id = client.post(CHUNK, data=sent, headers=anna).get_json()["upload_id"]
        fields = {"upload_id": upload_id, "md5": md5(PHOTO)}
        answers = [client.post(COMPLETE, json=fields, headers=anna), client.post(MEDIA, json=LINK, headers=anna)]
        media_id = answers[0].get_json()["id"]
        answers += [client.get(MEDIA, query_string={"user": "oidc:anna"}, headers=admin)]
        lists = (["list"], ["list", "--json"], ["list", "--user", "oidc:anna"], ["show", str(media_id)])
        seen += [runner.invoke(media, arguments).output for arguments in lists]
        sums = (["usage"], ["usage", "--json"], ["purge", "oidc:anna", "--dry-run"])
        seen += [runner.invoke(users, arguments).output for arguments in sums]
        answers += [client.post(f"{MEDIA}{media_id}/click/", headers=anna)]
        answers += [client.delete(f"{MEDIA}{media_id}/", headers=admin)]
        seen.append(runner.invoke(users, ["purge", "oidc:anna"]).output)
    seen += [answer.text for answer in answers]
    seen += [(record.getMessage(), getattr(record, "user", "")) for record in caplog.records]
    said = repr(seen)
    assert "77000" not in said
    assert {event["user_id"] for event in seen if isinstance(event, dict)} == {"oidc:anna"}
    assert "user=oidc:anna" in said
    assert "of user oidc:anna was deleted by admin oidc:root" in said
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OidcUser)) == 3


def test_unassigning_a_tag_makes_no_user(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    app = make_app(**settings)
    client = app.test_client()
    tag = client.post("/api/v2/tag/", json={"name": "one"}).get_json()
    path = f"/api/v2/tag/{tag['id']}"
    assert client.post(f"{path}/unassign/", json={"user": "oidc:nobody"}).status_code == 204
    assert client.post("/api/v2/tag/0/assign/", json={"user": "oidc:nobody"}).status_code == 404
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OidcUser)) == 0
    for action, count in (("assign", 1), ("assign", 1), ("unassign", 0)):
        assert client.post(f"{path}/{action}/", json={"user": "oidc:nobody"}).status_code == 204
        with app.app_context():
            assert db.session.scalar(select(func.count()).select_from(TagAssignment)) == count
