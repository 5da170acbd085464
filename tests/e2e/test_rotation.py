"""Changing every secret under load, as docs/day-two.md says: no request is refused, and none fails."""

import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scapi.http import auth
from tests import files, running, servers
from tests.client import upload
from tests.databases import PostgreSQL, migrate
from tests.e2e.test_moving import command
from tests.events.receiver import PUBLIC, SECRET, Receiver, receiving
from tests.running import Server

NEW_WEBHOOK_SECRET = "whsec_" + "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3RzLCAzMiBieXRlcw=="
OLD_SECRET, NEW_SECRET = "0123456789abcdef" * 4, "fedcba9876543210" * 4
PAUSE = 0.05
"""Seconds between two rounds: the load has to be there all the time, not to take all the time of a processor."""

PATIENCE = 120
"""Seconds until the workers of a reload serve."""


class Load(threading.Thread):
    """Uploads, reads and lists with tokens of `secret`, which may change."""

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
                self.stopped.wait(PAUSE)
            except Exception as problem:  # noqa: BLE001 - whatever it is, the test must hear of it
                self.problems.append(repr(problem))

    def step(self) -> None:
        token = auth.make_token(7, self.secret, timedelta(hours=1))
        mine = {"Authorization": f"Bearer {token}"}
        media = upload(self.server, files.jpeg(seed=self.rounds), headers=mine)
        served = self.server.request("GET", media["url"].removeprefix(PUBLIC))
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
    """Reload, and wait until there are only new workers and they have served."""
    old = set(server.workers())
    assert server.process
    server.process.send_signal(signal.SIGHUP)  # like `systemctl reload`
    servers.wait_until(lambda: bool(server.workers()) and not old & set(server.workers()), PATIENCE, "new workers")
    seen = load.rounds
    servers.wait_until(
        lambda: load.rounds > seen or bool(load.problems), PATIENCE, "a request that a new worker served"
    )


@dataclass
class Service:
    """A server under load, its housekeeping, and the files that hold its secrets."""

    server: Server
    load: Load
    receiver: Receiver
    secrets: Path
    housekeeping: subprocess.Popen[str] | None = None

    def restart_housekeeping(self) -> None:
        """Do the same as `systemctl restart scapi-housekeeping`."""
        self.stop_housekeeping()
        self.housekeeping = command(dict(self.server.settings), "housekeeping", "--job", "webhooks")

    def stop_housekeeping(self) -> None:
        if self.housekeeping is not None:
            self.housekeeping.terminate()
            said = self.housekeeping.communicate(timeout=PATIENCE)[0]
            assert self.housekeeping.returncode == 0, said

    def change(self, name: str, content: str) -> None:
        """Write a secret into its file, then restart and reload, as docs/day-two.md says."""
        (self.secrets / name).write_text(content)
        self.restart_housekeeping()
        reload(self.server, self.load)
        heard = len(self.receiver.events)
        servers.wait_until(lambda: len(self.receiver.events) > heard, PATIENCE, "an event that is told")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder of secrets, each in a file."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def owned(postgresql: PostgreSQL, tmp_path: Path) -> str:
    """The URL of a database that belongs to its own role, which is not a superuser."""
    name = f"rotated_{uuid.uuid4().hex}"
    postgresql.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'old'")
    postgresql.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
    url = postgresql.url(name).replace("//postgres:@", f"//{name}:old@")
    migrate(url, tmp_path)
    return url


def test_every_secret_changes_under_load(
    settings_for: Callable[[str, str], dict[str, str]],
    owned: str,
    postgresql: PostgreSQL,
    seaweed: servers.Server,
    secrets: Path,
    tmp_path: Path,
) -> None:
    settings = settings_for("postgresql", "seaweed")
    settings.pop("SCAPI_DATABASE_URL")
    key, secret = settings.pop("AWS_ACCESS_KEY_ID"), settings.pop("AWS_SECRET_ACCESS_KEY")
    (secrets / "jwt").write_text(OLD_SECRET)
    (secrets / "webhook").write_text(SECRET)
    (secrets / "database").write_text(owned)
    (secrets / "aws").write_text(credentials(key, secret))
    settings |= {
        "SCAPI_JWT_SECRET": "",
        "SCAPI_JWT_SECRET_FILE": str(secrets / "jwt"),
        "SCAPI_WEBHOOK_SECRET_FILE": str(secrets / "webhook"),
        "SCAPI_DATABASE_URL_FILE": str(secrets / "database"),
        "AWS_SHARED_CREDENTIALS_FILE": str(secrets / "aws"),
        "SCAPI_SERVER_KEY": OLD_SECRET,
        "SCAPI_PUBLIC_URL": PUBLIC,
    }
    with receiving() as receiver:
        settings["SCAPI_WEBHOOK_URLS"] = receiver.url
        with running.scapi(tmp_path / "server", workers=1, **settings) as server, under_load(server) as load:
            service = Service(server, load, receiver, secrets)
            try:
                change_everything(service, owned, postgresql)
            finally:
                service.stop_housekeeping()
        assert receiver.refused == 0


def change_everything(service: Service, owned: str, postgresql: PostgreSQL) -> None:
    """Change the four secrets, one after another, by the steps of docs/day-two.md."""
    service.change("jwt", f"{NEW_SECRET} {OLD_SECRET}")
    service.load.secret = NEW_SECRET
    service.change("jwt", NEW_SECRET)

    service.change("webhook", f"{NEW_WEBHOOK_SECRET} {SECRET}")
    service.receiver.secret = NEW_WEBHOOK_SECRET
    service.change("webhook", NEW_WEBHOOK_SECRET)

    service.change("aws", credentials(*servers.SECOND_KEY))

    role = urlsplit(owned).username
    postgresql.execute(f"CREATE ROLE {role}_b LOGIN PASSWORD 'new' IN ROLE {role}")
    postgresql.execute(f"ALTER ROLE {role}_b SET role TO {role}")
    service.change("database", owned.replace(f"{role}:old@", f"{role}_b:new@"))
    postgresql.execute(f"ALTER ROLE {role} NOLOGIN")
    reload(service.server, service.load)


def credentials(key: str, secret: str) -> str:
    return f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
