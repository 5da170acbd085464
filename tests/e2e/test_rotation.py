"""Changing every secret under load, as docs/day-two.md says: no request is refused, and none fails."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from scapi.http import auth
from tests import files, running, servers
from tests.client import upload
from tests.running import Server

OLD_SECRET, NEW_SECRET = "0123456789abcdef" * 4, "fedcba9876543210" * 4
PATIENCE = 120
"""Seconds until the workers of a reload serve."""


class Load(threading.Thread):
    """Uploads, reads and lists with a token of `secret`, which may be exchanged."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.secret = OLD_SECRET
        self.stopped = threading.Event()
        self.rounds = 0
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                self.step()
                self.rounds += 1
            except Exception as problem:  # noqa: BLE001 - whatever it is, the test must hear of it
                self.problems.append(repr(problem))

    def step(self) -> None:
        token = auth.make_token(7, self.secret, timedelta(hours=1))
        mine = {"Authorization": f"Bearer {token}"}
        media = upload(self.server, files.jpeg(seed=self.rounds), headers=mine)
        served = self.server.request("GET", media["url"].removeprefix(self.server.url))
        assert served.status_code == 200, served.text
        listed = self.server.request("GET", "/api/v2/media/", params={"limit": 1}, headers=mine)
        assert listed.status_code == 200, listed.text


@contextmanager
def under_load(server: Server) -> Iterator[Load]:
    load = Load(server)
    load.start()
    try:
        yield load
    finally:
        load.stopped.set()
        load.join()
    assert load.problems == []
    assert load.rounds > 0


def reload(server: Server, load: Load) -> None:
    """Reload, and wait until only new workers are there and have served."""
    old = set(server.workers())
    assert server.process
    server.process.send_signal(signal.SIGHUP)  # as `systemctl reload` does
    servers.wait_until(lambda: bool(server.workers()) and not old & set(server.workers()), PATIENCE, "new workers")
    seen = load.rounds
    servers.wait_until(
        lambda: load.rounds > seen or bool(load.problems), PATIENCE, "a request that a new worker served"
    )


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder of secrets, each in a file."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def test_every_secret_changes_under_load(
    settings_for: Callable[[str, str], dict[str, str]], seaweed: servers.Server, secrets: Path, tmp_path: Path
) -> None:
    settings = settings_for("postgresql", "seaweed")
    url = settings.pop("SCAPI_DATABASE_URL")
    key, secret = settings.pop("AWS_ACCESS_KEY_ID"), settings.pop("AWS_SECRET_ACCESS_KEY")
    (secrets / "jwt").write_text(OLD_SECRET)
    (secrets / "database").write_text(url)
    (secrets / "aws").write_text(credentials(key, secret))
    settings |= {
        "SCAPI_JWT_SECRET": "",
        "SCAPI_JWT_SECRET_FILE": str(secrets / "jwt"),
        "SCAPI_DATABASE_URL_FILE": str(secrets / "database"),
        "AWS_SHARED_CREDENTIALS_FILE": str(secrets / "aws"),
        "SCAPI_SERVER_KEY": OLD_SECRET,
    }
    with running.scapi(tmp_path / "server", workers=1, **settings) as server, under_load(server) as load:
        (secrets / "jwt").write_text(f"{NEW_SECRET} {OLD_SECRET}")
        reload(server, load)
        load.secret = NEW_SECRET
        (secrets / "jwt").write_text(NEW_SECRET)
        reload(server, load)

        (secrets / "aws").write_text(credentials(*servers.SECOND_KEY))
        reload(server, load)

        connect(url, "DROP ROLE IF EXISTS scapi_b; CREATE ROLE scapi_b LOGIN SUPERUSER PASSWORD 'new'")
        (secrets / "database").write_text(url.replace("//postgres:@", "//scapi_b:new@"))
        reload(server, load)


def credentials(key: str, secret: str) -> str:
    return f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"


def connect(url: str, statements: str) -> None:
    """Run statements on a database."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        connection.execute(statements)
