"""A database that lacks migrations is refused at the start; a newer one is fine; two migrations take turns."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from scapi.database import db, readiness, schema
from tests import databases, running
from tests.running import ROOT, environment

FIRST = "0001"


@pytest.fixture
def empty(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path}/empty.sqlite3"
    server: databases.PostgreSQL = request.getfixturevalue("postgresql")
    return server.create("template0")


def set_version(revision: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def readyz(app: Flask) -> tuple[int, object, object]:
    answer = app.test_client().get("/readyz")
    assert answer.json is not None
    return answer.status_code, answer.json["database"], answer.json.get("errors", [{}])[0].get("code")


def test_a_schema_that_is_too_old_is_not_ready(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scapi.watching.health.FRESH", 0.0)
    assert readyz(app) == (200, "ready", None)
    set_version(FIRST)
    assert readyz(app) == (503, "outdated", "schema_outdated")
    with pytest.raises(readiness.SchemaOutdated, match="run: scapi database upgrade"):
        readiness.check_schema(app)


def test_a_newer_schema_is_fine(app: Flask) -> None:
    """Another host was upgraded before this one."""
    set_version("9999")
    assert readyz(app) == (200, "ready", None)
    readiness.check_schema(app)


def test_a_database_that_cannot_be_written_is_not_ready(
    app: Flask, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database == "sqlite":
        monkeypatch.setattr("scapi.database.readiness.os.access", lambda *_: False)
    else:
        name = db.engine.url.database
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        for engine in db.engines.values():
            engine.dispose()
    assert readyz(app) == (503, "away", "database_unavailable")


def test_a_server_refuses_to_start_without_the_schema(empty: str, tmp_path: Path) -> None:
    settings = {"SCAPI_DATABASE_URL": empty, "SCAPI_DATA_DIR": str(tmp_path)}
    with (
        pytest.raises(RuntimeError, match="of this version; run: scapi database upgrade"),
        running.scapi(tmp_path, workers=1, **settings),
    ):
        pass
    databases.migrate(empty, tmp_path)
    with running.scapi(tmp_path, workers=1, **settings) as server:
        assert server.request("GET", "/readyz").status_code == 200


def test_two_that_migrate_at_once_take_turns(empty: str, tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    env = environment(SCAPI_DATABASE_URL=empty, SCAPI_DATA_DIR=str(tmp_path))
    command = [sys.executable, "-m", "scapi", "database", "upgrade"]
    with make_app(SCAPI_DATABASE_URL=empty).app_context(), db.engine.connect() as connection:
        connection.begin()
        schema.lock(connection)  # both must wait, and then begin at the same moment
        running_ones = [
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(2)
        ]
        with pytest.raises(subprocess.TimeoutExpired):
            running_ones[0].wait(4)
        connection.rollback()
    for one in running_ones:
        said, _ = one.communicate(timeout=60)
        assert one.returncode == 0, said
    with make_app(SCAPI_DATABASE_URL=empty).app_context(), db.engine.connect() as connection:
        assert not schema.waiting(connection)


def test_a_migration_that_fails_changes_nothing(
    empty: str, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("made to fail")

    with make_app(SCAPI_DATABASE_URL=empty).app_context():
        monkeypatch.setattr("alembic.op.create_index", fail)
        with pytest.raises(SystemExit):
            flask_migrate.upgrade()
        monkeypatch.undo()
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            assert not schema.waiting(connection)
