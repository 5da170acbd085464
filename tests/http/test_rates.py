"""Rate limits: a client with too many requests is told when to try again; others are not affected."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import redis
import requests

from scapi import create_app
from scapi.http import callers
from scapi.settings import ConfigurationError, read_settings
from tests import databases, files, running, servers
from tests.client import CHUNK, at_once, complete, md5, refusal, send_chunk, statuses
from tests.conftest import token
from tests.running import SECRET, Server

TAGS = "/api/v2/tag/"
MEDIA = "/api/v2/media/"
PHOTO = files.jpeg()

LIMITS = {
    "SCAPI_RATE_LIMIT_CHUNKS": "4/hour",
    "SCAPI_RATE_LIMIT_COMPLETES": "2/hour; 100/day",
    "SCAPI_RATE_LIMIT_PREVIEWS": "2/hour",
    "SCAPI_RATE_LIMIT_OTHERS": "3/hour",
}


@pytest.fixture(scope="module")
def server(sqlite: databases.SQLite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind a proxy, with every limit set, that counts in memory."""
    settings = {"SCAPI_DATABASE_URL": sqlite.create(), "SCAPI_TRUSTED_PROXIES": "1", **LIMITS}
    with running.scapi(tmp_path_factory.mktemp("rates"), workers=1, **settings) as server:
        yield server


def address(name: str) -> dict[str, str]:
    """Return the header in which the proxy in front names the client's address."""
    return {"X-Forwarded-For": name, "X-Forwarded-Proto": "http", "X-Forwarded-Host": "media.example"}


def limited(answer: requests.Response) -> None:
    body = refusal(answer, 429, "rate_limited")
    assert 3000 < int(answer.headers["Retry-After"]) <= 3601
    assert "per 1 hour" in body["message"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_each_user_may_send_so_many_chunks(server: Server) -> None:
    chunk = partial(send_chunk, server, PHOTO, 0, len(PHOTO))
    answers = [chunk(headers=token(1)) for _ in range(4)]
    assert statuses(answers) == {201: 4}
    limited(chunk(headers=token(1)))
    assert chunk(headers=token(2)).status_code == 201
    assert chunk().status_code == 201
    finish = partial(complete, server, digest=md5(PHOTO), headers=token(1))
    assert statuses([finish(answer.json()["upload_id"]) for answer in answers[:2]]) == {201: 2}
    limited(finish(answers[2].json()["upload_id"]))


def test_a_refused_chunk_does_not_cost_the_connection(server: Server) -> None:
    large = {"image": ("a.jpg", bytes(300_000))}
    with requests.Session() as session:
        answers = [session.post(server.url + CHUNK, files=large, headers=token(11), timeout=30) for _ in range(8)]
        assert session.get(server.url + TAGS, headers=token(11), timeout=30).status_code == 200
    assert statuses(answers) == {415: 4, 429: 4}


def test_links_are_counted_by_themselves_and_all_the_rest_together(server: Server) -> None:
    embed = {"type": "embed", "embed_type": "song", "embed_id": "1"}
    link = partial(server.request, "POST", MEDIA, json=embed, headers=token(3))
    made = link()
    assert made.status_code == 201
    assert (
        server.request("PUT", f"{MEDIA}{made.json()['id']}/", json={"image": ""}, headers=token(3)).status_code == 400
    )
    limited(link())
    own = f"{MEDIA}{made.json()['id']}/"
    assert server.request("GET", own, headers=token(3)).status_code == 200
    assert server.request("GET", TAGS, headers=token(3)).status_code == 200
    assert server.request("POST", TAGS, json={"name": "one"}, headers=token(3)).status_code == 201
    limited(server.request("DELETE", own, headers=token(3)))


def test_without_a_token_an_address_counts(server: Server) -> None:
    for name, other in (("192.0.2.1", "192.0.2.2"), ("2001:db8:1:2::3", "2001:db8:1:3::3")):
        answers = [server.request("GET", TAGS, headers=address(name)) for _ in range(3)]
        assert statuses(answers) == {200: 3}
        limited(server.request("GET", TAGS, headers=address(name)))
        assert server.request("GET", TAGS, headers=address(other)).status_code == 200
    limited(server.request("GET", TAGS, headers=address("2001:db8:1:2:ffff::1")))


def test_neither_preflights_nor_files_nor_the_documentation_count(server: Server) -> None:
    asked = {**address("192.0.2.9"), "Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
    assert statuses([server.request("OPTIONS", TAGS, headers=asked) for _ in range(6)]) == {204: 6}
    paths = ["/api/v2/openapi.json", "/api/v2/docs/", "/media/00000000-0000-0000-0000-000000000000/photo.jpg"]
    answers = [server.request("GET", path, headers=asked) for path in paths * 2]
    assert 429 not in statuses(answers)
    assert server.request("GET", TAGS, headers=asked).status_code == 200


@contextmanager
def redis_server() -> Iterator[tuple[str, int]]:
    """Run Redis on loopback with nothing on disk; yield its URL and its process id."""
    (port,) = servers.free_ports(1)

    def is_ready() -> bool:
        try:
            return bool(redis.Redis(port=port, socket_timeout=2).ping())
        except redis.ConnectionError:
            return False

    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            with servers.process([*command, "--dir", folder], Path(folder, "log"), is_ready) as pid:
                yield f"redis://127.0.0.1:{port}", pid
        except FileNotFoundError:
            pytest.skip("redis-server is not installed")


def test_redis_counts_for_all_processes_and_may_go_away(sqlite: databases.SQLite, tmp_path: Path) -> None:
    with redis_server() as (uri, pid):
        settings = {
            "SCAPI_DATABASE_URL": sqlite.create(),
            "SCAPI_RATE_LIMIT_OTHERS": "10/hour",
            "SCAPI_RATE_LIMIT_STORAGE": uri,
        }
        with running.scapi(tmp_path, workers=2, **settings) as server:
            ask = partial(server.request, "GET", TAGS, headers=token(1))
            assert statuses(at_once([ask] * 24)) == {200: 10, 429: 14}
            limited(ask())
            assert server.request("GET", TAGS, headers=token(2)).status_code == 200
            os.kill(pid, signal.SIGTERM)
            servers.wait_until(lambda: ask().status_code == 200, 10, "each process to count for itself")
            assert 9 <= statuses([ask() for _ in range(40)])[200] <= 20, "10 for each of the processes"


@pytest.mark.parametrize(
    "settings",
    [
        {"SCAPI_RATE_LIMIT_CHUNKS": "many"},
        {"SCAPI_RATE_LIMIT_CHUNKS": "1/hour", "SCAPI_RATE_LIMIT_STORAGE": "ftp://:password@x"},
        {"SCAPI_RATE_LIMIT_CHUNKS": "1/hour", "SCAPI_RATE_LIMIT_STORAGE": "redis://:password@x:port"},
    ],
)
def test_settings_that_cannot_work(settings: dict[str, str], tmp_path: Path) -> None:
    chosen = {"SCAPI_DATA_DIR": str(tmp_path), "SCAPI_JWT_SECRET": SECRET, **settings}
    with pytest.raises(ConfigurationError, match="SCAPI_RATE_LIMIT") as refused:
        create_app(read_settings(chosen))
    assert "password" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", ""),
        ("192.0.2.1:5678", "192.0.2.1"),
        ("[2001:db8:1:2:3:4:5:6]:5678", "2001:db8:1:2::/64"),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert callers.network_of(address) == network
