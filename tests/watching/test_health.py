"""`/healthz` says that a process answers, `/readyz` whether the database and the storage do."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from scapi.watching import health
from scapi.watching.health import Probe
from storage_backends import CheckedBackend
from storage_backends.base import NotFound, Unavailable
from storage_backends.local import LocalBackend
from tests import databases, running, servers
from tests.client import refusal
from tests.running import Server
from tests.storage_backends.fault_proxy import HANG_UP, Proxy, fault_proxy
from tests.storage_backends.s3_setup import s3_backend


@pytest.fixture(scope="module")
def proxy(moto: servers.Server) -> Iterator[Proxy]:
    with fault_proxy(moto.endpoint_url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def postgresql() -> Iterator[databases.PostgreSQL]:
    """A PostgreSQL server that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, databases.postgresql(Path(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def server(
    postgresql: databases.PostgreSQL, moto: servers.Server, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = moto.process_environment()
    settings |= {"SCAPI_S3_ENDPOINT_URL": proxy.url, "SCAPI_DATABASE_URL": postgresql.create()}
    with running.scapi(tmp_path_factory.mktemp("server"), workers=1, **settings) as server:
        yield server


def until(server: Server, status: int) -> requests.Response:
    """Ask for readiness until the answer has this status: an answer is reused for a second."""
    end = time.monotonic() + 20
    while (answer := server.request("GET", "/readyz")).status_code != status:
        assert time.monotonic() < end, answer.text
        time.sleep(0.1)
    return answer


def goes_and_comes_back(
    server: Server, part: str, other: str, go: Callable[[], None], come: Callable[[], None]
) -> None:
    assert until(server, 200).json() == {"database": "ready", "storage": "ready"}
    go()
    try:
        answer = until(server, 503)
        body = refusal(answer, 503, f"{part}_unavailable")
        assert body[part] == "away"
        assert body[other] == "ready"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.elapsed.total_seconds() < 10
        assert server.request("GET", "/healthz").status_code == 200
    finally:
        come()
    until(server, 200)


def test_the_database_goes_away(server: Server, postgresql: databases.PostgreSQL) -> None:
    goes_and_comes_back(server, "database", "storage", postgresql.server.stop, postgresql.server.start)


def test_the_storage_goes_away(server: Server, proxy: Proxy) -> None:
    def choose(status: int | None) -> None:
        proxy.choose = lambda _method, _path: status

    goes_and_comes_back(server, "storage", "database", lambda: choose(HANG_UP), lambda: choose(None))


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nobody_needs_a_token_and_none_is_looked_at(server: Server, path: str) -> None:
    assert server.request("GET", path, headers={"Authorization": "Bearer forged"}).status_code == 200


class Part:
    """A part to probe that can hang."""

    def __init__(self) -> None:
        self.asked = 0
        self.goes_on = threading.Event()

    def ask(self) -> None:
        self.asked += 1
        self.goes_on.wait(30)


def test_a_part_that_hangs_is_away_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    part = Part()
    probe = Probe("part", part.ask)
    assert [probe.question().answer() for _ in range(3)] == [health.AWAY] * 3
    assert part.asked == 1
    part.goes_on.set()
    assert_becomes_there(probe)


def assert_becomes_there(probe: Probe) -> None:
    end = time.monotonic() + 20
    while probe.question().answer() != health.READY:
        assert time.monotonic() < end


def test_an_answer_holds_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part()
    part.goes_on.set()
    probe = Probe("part", part.ask)
    assert {probe.question().answer() for _ in range(100)} == {health.READY}
    assert part.asked == 1
    monkeypatch.setattr(health, "FRESH", 0.0)
    probe = Probe("part", part.ask)
    assert [probe.question().answer() for _ in range(3)] == [health.READY] * 3
    assert part.asked == 4


def test_a_folder_that_is_not_mounted_is_noticed(tmp_path: Path) -> None:
    backend = CheckedBackend(LocalBackend(tmp_path / "data"))
    backend.check()
    backend.probe()
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    with pytest.raises(Unavailable):
        backend.probe()
    assert not (tmp_path / "data").exists()


def test_a_bucket_that_is_gone_or_busy_is_noticed(moto: servers.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(moto, monkeypatch)
    backend.probe()
    backend._bucket.name = "another"
    with pytest.raises(NotFound):
        CheckedBackend(backend).probe()
    with fault_proxy(moto.endpoint_url) as proxy:
        backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=proxy.url)
        proxy.choose = lambda _method, _path: 503
        with pytest.raises(Unavailable):
            CheckedBackend(backend).probe()
