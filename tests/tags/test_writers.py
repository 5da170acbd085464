"""SCAPI_TAG_WRITERS: the clients that may write tags."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from scapi.http import auth
from tests.conftest import token
from tests.running import SECRET, Server
from tests.tags.making import TAGS

ADMIN = {"Authorization": f"Bearer {auth.make_token(1, SECRET, timedelta(hours=1), admin=True)}"}
USER = token(7)

READS = [TAGS, f"{TAGS}search/", f"{TAGS}user/search/", f"{TAGS}1/", f"{TAGS}1"]
WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", TAGS, {"name": "new"}),
    ("POST", f"{TAGS}1/assign/", {"user": 1}),
    ("POST", f"{TAGS}1/unassign", {"user": 1}),
    ("PUT", f"{TAGS}1/", {"name": "other"}),
    ("PATCH", f"{TAGS}1/", {"visible": False}),
    ("DELETE", f"{TAGS}1/", {}),
]


@pytest.fixture
def client_where(make_app: Callable[..., Flask]) -> Callable[[str], FlaskClient]:
    """A function that returns a client of an application with one tag and this setting of writers."""

    def make(writers: str) -> FlaskClient:
        client = make_app(SCAPI_TAG_WRITERS=writers).test_client()
        assert client.post(TAGS, json={"name": "first"}, headers=ADMIN).status_code == 201
        return client

    return make


def statuses(client: FlaskClient, headers: dict[str, str]) -> set[int]:
    """Return the statuses of the writes."""
    return {client.open(path, method=method, json=body, headers=headers).status_code for method, path, body in WRITES}


@pytest.mark.parametrize("writers", ["anyone", "users", "admins"])
def test_anyone_may_read(client_where: Callable[[str], FlaskClient], writers: str) -> None:
    client = client_where(writers)
    assert {client.get(path).status_code for path in READS} == {200}
    assert client.options(TAGS).status_code == 200


@pytest.mark.parametrize(
    ("writers", "anonymous", "user"),
    [("anyone", {200, 201, 204}, None), ("users", {401}, {200, 201, 204}), ("admins", {401}, {403})],
)
def test_who_may_write(
    client_where: Callable[[str], FlaskClient], writers: str, anonymous: set[int], user: set[int] | None
) -> None:
    client = client_where(writers)
    assert statuses(client, {}) == anonymous
    if user is not None:
        assert statuses(client, USER) == user
    if writers == "admins":
        assert statuses(client, ADMIN) == {200, 201, 204}


def test_the_refusals(client_where: Callable[[str], FlaskClient]) -> None:
    client = client_where("admins")
    anonymous = client.post(TAGS, json={"name": ""})  # before the body is checked
    assert (anonymous.status_code, anonymous.get_json()["errors"][0]["code"]) == (401, "anonymous")
    assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
    user = client.delete(f"{TAGS}999/", headers=USER)
    assert (user.status_code, user.get_json()["errors"][0]["code"]) == (403, "not_admin")


@pytest.mark.parametrize("claim", [1, "true", None, [True]])
def test_only_true_makes_an_admin(claim: object) -> None:
    claims = jwt.decode(auth.make_token(1, SECRET, timedelta(hours=1)), SECRET, algorithms=["HS256"])
    assert "is_admin" not in claims
    assert not auth.read_token(jwt.encode({**claims, "is_admin": claim}, SECRET, "HS256"), SECRET).is_admin
    assert auth.read_token(jwt.encode({**claims, "is_admin": True}, SECRET, "HS256"), SECRET).is_admin


def test_the_command_makes_an_admin(server: Server) -> None:
    for options, admin in (([], False), (["--admin"], True)):
        made = server.scapi("token", "create", "--user", "7", *options).strip()
        assert auth.read_token(made, SECRET) == auth.User(7, is_admin=admin)
