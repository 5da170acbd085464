"""Clicks on a media: each visitor is recorded and counted once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import requests
from flask import Flask

from scapi.http import auth
from scapi.media import clicks as clicks_of
from scapi.media.models import MAX_VISITOR
from tests import files
from tests.client import refusal, upload
from tests.conftest import token
from tests.running import SECRET, Server

ADMIN = {"Authorization": f"Bearer {auth.make_token(9, SECRET, timedelta(hours=1), admin=True)}"}


def by_admin(**options: Any) -> dict[str, Any]:
    """Return the options of an admin's request, which may name the visitor's address."""
    return {"headers": ADMIN, **options}


@pytest.fixture
def media(server: Server) -> str:
    """The path of a new media."""
    return f"/api/v2/media/{upload(server, files.gif())['id']}/"


def click(server: Server, media: str, **options: Any) -> requests.Response:
    """Click, and check the answer."""
    answer = server.request("POST", f"{media}click/", **options)
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    return answer


def clicks(server: Server, media: str) -> int:
    """Return how many clicks have been counted."""
    number: int = server.request("GET", media).json()["clicks"]
    return number


def test_each_visitor_is_counted_once(server: Server, media: str) -> None:
    assert clicks(server, media) == 0
    for visitors, options in enumerate(
        (
            {"headers": token(7)},
            {"headers": token(8), "json": {"ip": "192.0.2.1"}},
            {"headers": ADMIN, "json": {"ip": "192.0.2.1"}},
            {"headers": ADMIN, "json": {"ip": "2001:db8:0:0::1"}},
            {"headers": ADMIN},
            {},
        ),
        start=1,
    ):
        for _ in range(2):
            click(server, media, **options)
            assert clicks(server, media) == visitors


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (by_admin(json={"ip": "2001:db8::1"}), by_admin(data={"ip": "2001:DB8:0::01"})),
        (by_admin(json={"ip": "2001:db8::1"}), by_admin(json={"ip": "2001:db8::ffff:1"})),  # one household
        (by_admin(json={"ip": "::ffff:192.0.2.1"}), by_admin(files={"ip": (None, "192.0.2.1")})),
        (by_admin(json={"ip": "127.0.0.1"}), {}),
        (
            {"json": {"ip": "192.0.2.1"}},
            {"json": {"ip": "192.0.2.2"}},
        ),  # no client can find out whether an address has clicked
        ({"headers": token(7), "json": {"ip": "192.0.2.1"}}, {"headers": token(7), "json": {"ip": "192.0.2.2"}}),
        ({}, {"json": {"ip": None}}),
        ({"json": {}}, {"data": {"ip": ""}}),
        ({"data": "null", "headers": {"Content-Type": "application/json"}}, {"json": {"ip": "127.0.0.1"}}),
        ({"data": b"", "headers": {"Content-Type": "application/json"}}, {}),
    ],
)
def test_the_same_visitor(server: Server, media: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    click(server, media, **one)
    click(server, media, **other)
    assert clicks(server, media) == 1


@pytest.mark.parametrize(
    "address", ["1", "192.0.2", "192.0.2.256", "localhost", "fe80::1%eth0", "192.0.2.1, 192.0.2.2"]
)
def test_an_address_that_is_none(server: Server, media: str, address: str) -> None:
    refusal(server.request("POST", f"{media}click/", json={"ip": address}), 400, "invalid_ip", "ip")
    assert clicks(server, media) == 0


def test_a_media_that_is_not_there(server: Server) -> None:
    refusal(server.request("POST", "/api/v2/media/987654321/click/"), 404, "not_found")


def test_many_at_once(server: Server, media: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda number: click(server, media, **by_admin(json={"ip": f"192.0.2.{number % 4}"})), range(32)
            )
        )
    assert clicks(server, media) == 4


def test_a_media_that_was_clicked_can_be_deleted(server: Server) -> None:
    path = f"/api/v2/media/{upload(server, files.gif(), headers=token(7))['id']}/"
    click(server, path)
    assert server.request("DELETE", path, headers=token(7)).status_code == 204
    refusal(server.request("POST", f"{path}click/"), 404, "not_found")


def test_no_address_is_kept(app: Flask) -> None:
    for address in ("192.0.2.77", "2001:db8::77"):
        visitor = clicks_of.visitor_of(None, address)
        assert address not in visitor
        assert visitor == clicks_of.visitor_of(None, ip_address(address))
        assert len(visitor) <= MAX_VISITOR
    assert len(clicks_of.visitor_of(2**63 - 1, None)) <= MAX_VISITOR
