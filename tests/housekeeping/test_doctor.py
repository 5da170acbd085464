"""`scapi doctor`: each of its lines, with and without problems."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import insert, text

from scapi import storage as storages
from scapi.cli import cli
from scapi.database import db, now
from scapi.housekeeping.check import marker
from scapi.housekeeping.doctor import database as of_database
from scapi.housekeeping.doctor import machine
from scapi.housekeeping.sweeps import Sweep
from scapi.media.models import Media, MediaFile, MediaType, Role
from storage_backends import StorageError
from tests import servers
from tests.databases import PostgreSQL

Said = dict[str, dict[str, Any]]


@pytest.fixture
def database() -> str:
    """The kind of database; tests that need PostgreSQL make their own."""
    return "sqlite"


def findings(app: Flask, code: int | None = None) -> Said:
    """Return the doctor's findings by name."""
    done = app.test_cli_runner().invoke(cli, ["doctor", "--json"], catch_exceptions=False)
    said = {one["name"]: one for one in json.loads(done.stdout)}
    assert all((one["why"] and one["mend"]) or one["ok"] for one in said.values())
    assert done.exit_code == (0 if all(one["ok"] for one in said.values()) else 1)
    assert code in (None, done.exit_code)
    return said


@contextmanager
def answering(server: str) -> Iterator[str]:
    """Serve on loopback under the name `server`; give the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Server", server)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def swept(ago: timedelta) -> None:
    db.session.execute(insert(Sweep).values(what="leftovers", removed=0, failed=0, last_at=now() - ago))
    db.session.commit()


def test_all_is_well(make_app: Callable[..., Flask]) -> None:
    with answering("nginx") as url, make_app(SCAPI_PUBLIC_URL=url, SCAPI_TRUSTED_PROXIES=1).app_context() as context:
        swept(timedelta(minutes=5))
        said = findings(context.app, 0)
        assert said.keys() >= {
            *("schema", "database rights", "database clock", "sweeper", "files", "storage local: rights"),
            *("storage local: owner", "token secret", "disk", "fonts", "public URL", "proxies"),
        }
        done = context.app.test_cli_runner().invoke(cli, ["doctor"])
        assert "WRONG" not in done.output


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"SCAPI_JWT_SECRET": "a" * 40}, "token secret"),
        ({"SCAPI_READ_ONLY": True}, "read-only"),
        ({"SCAPI_PUBLIC_URL": "http://127.0.0.1:9"}, "public URL"),
    ],
)
def test_settings_that_are_wrong(make_app: Callable[..., Flask], settings: dict[str, Any], name: str) -> None:
    with make_app(**settings).app_context() as context:
        assert not findings(context.app)[name]["ok"]
        done = context.app.test_cli_runner().invoke(cli, ["doctor"])
        assert f"WRONG  {name}" in done.output
        assert "what mends it:" in done.output


@pytest.mark.parametrize(
    ("server", "trusted", "mend"),
    [
        ("nginx", 0, "SCAPI_TRUSTED_PROXIES=1"),
        ("nginx", 1, ""),
        ("gunicorn", 1, "SCAPI_TRUSTED_PROXIES=0"),
        ("gunicorn", 0, ""),
    ],
)
def test_proxies(make_app: Callable[..., Flask], server: str, trusted: int, mend: str) -> None:
    with answering(server) as url:
        app = make_app(SCAPI_PUBLIC_URL=url, SCAPI_TRUSTED_PROXIES=trusted)
        with app.app_context():
            assert findings(app)["proxies"]["mend"] == mend


def test_the_sweeper(app: Flask) -> None:
    assert findings(app)["sweeper"]["what"] == "it has never run"
    swept(timedelta(hours=3))
    assert findings(app)["sweeper"]["what"] == "it last ran 3.0 hours ago"


def test_the_schema(app: Flask) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    db.session.commit()
    said = findings(app, 1)
    assert said["schema"]["mend"] == "scapi database upgrade"
    assert "database rights" not in said


def test_the_machine(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FONTS", ())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1024))
    said = findings(app, 1)
    assert "fonts-dejavu" in said["fonts"]["mend"]
    assert "MiB free" in said["disk"]["what"]


def test_a_clock_that_is_wrong(
    make_app: Callable[..., Flask], postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_app(SCAPI_DATABASE_URL=postgresql.create()).app_context() as context:
        assert findings(context.app)["database clock"]["ok"]
        monkeypatch.setattr(of_database, "now", lambda: now() - timedelta(minutes=10))
        assert "set-ntp" in findings(context.app, 1)["database clock"]["mend"]


def test_a_role_that_can_make_no_table(make_app: Callable[..., Flask], postgresql: PostgreSQL) -> None:
    url = postgresql.create()
    name = urlsplit(url).path.removeprefix("/")
    postgresql.execute(f"CREATE ROLE {name}_reader LOGIN")
    postgresql.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {name}_reader", name)
    app = make_app(SCAPI_DATABASE_URL=url.replace("//postgres:@", f"//{name}_reader:@"))
    with app.app_context():
        assert "GRANT CREATE" in findings(app, 1)["database rights"]["mend"]


def test_a_move_that_is_not_finished(
    make_app: Callable[..., Flask], moto: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.environment().items():
        monkeypatch.setenv(name, value)
    app = make_app(**moto.settings(SCAPI_STORAGE_BEFORE="local", SCAPI_S3_PREFIX=f"move{os.getpid()}/"))
    with app.app_context():
        assert "remove SCAPI_STORAGE_BEFORE" in findings(app, 1)["files"]["mend"]
        media = Media(type=MediaType.IMAGE)
        kept = {"role": Role.FILE, "name": "a.png", "title": "a", "mimetype": "image/png", "size": 1}
        media.files = [MediaFile(**kept, key="aa/bb", storage="local")]
        db.session.add(media)
        db.session.commit()
        assert findings(app, 1)["files"]["mend"] == "scapi storage copy --to s3"


def test_a_storage_of_another_database(app: Flask, make_app: Callable[..., Flask]) -> None:
    marker.write(storages.of("local"))
    assert findings(app)["storage local: owner"]["ok"]
    with make_app().app_context() as context:
        assert marker.KEY in findings(context.app, 1)["storage local: owner"]["mend"]


def test_a_bucket(make_app: Callable[..., Flask], moto: servers.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in moto.environment().items():
        monkeypatch.setenv(name, value)
    client, bucket = moto.client(), f"doctor-{os.getpid()}"
    client.create_bucket(Bucket=bucket)
    kept = {"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [kept]})
    with make_app(**moto.settings(SCAPI_S3_BUCKET=bucket)).app_context() as context:
        said = findings(context.app, 1)
        assert said["storage s3: rights"]["ok"], said
        assert said["storage s3: clock"]["ok"]
        cors = configuration(said["storage s3: CORS"])
        lifecycle = configuration(said["storage s3: lifecycle"])
        assert [rule["ID"] for rule in lifecycle["Rules"]] == ["mine", "unfinished"]
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration=cors)
        client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle)
        said = findings(context.app)
        assert said["storage s3: CORS"]["ok"]
        assert said["storage s3: lifecycle"]["ok"]


def configuration(said: dict[str, Any]) -> Any:
    """Return the configuration in the suggested command for a bucket."""
    return json.loads(said["mend"].partition("'")[2].rpartition("'")[0])


def test_keys_that_may_only_read(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise StorageError("403")

    monkeypatch.setattr(storages.of("local"), "save", refused)
    said = findings(app, 1)["storage local: rights"]
    assert said["what"] == "it could not be saved to: 403"
    assert "permissions" in said["mend"]
