"""Migrations and models say the same, on every database, there and back."""

from collections.abc import Callable

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

import scapi.housekeeping.notes  # noqa: F401 - its table is used by commands only
from scapi.database import db, is_modelled
from tests import servers

NORMAL, FULL = 1, 2
"""SQLite's numbers for PRAGMA synchronous."""


def test_models_and_migrations_do_not_differ(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_modelled})
        assert compare_metadata(context, db.metadata) == []


def test_down_and_up_again(app: Flask) -> None:
    before = set(inspect(db.engine).get_table_names())
    flask_migrate.downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    flask_migrate.upgrade()
    assert set(inspect(db.engine).get_table_names()) == before


@pytest.mark.parametrize(("storage", "chunks"), [("local", NORMAL), ("moto", FULL)])
def test_sqlite_is_set_up_for_several_processes(
    make_app: Callable[..., Flask],
    database: str,
    storage: str,
    chunks: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if database != "sqlite":
        pytest.skip("SQLite's own settings")
    settings = {}
    if storage == "moto":
        moto: servers.Server = request.getfixturevalue("moto")
        settings = moto.settings()
        for name, value in moto.environment().items():
            monkeypatch.setenv(name, value)
    with make_app(**settings).app_context():
        for bind, synchronous in ((None, FULL), ("uploads", chunks)):
            with db.engines[bind].connect() as connection:
                asked = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
                found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
            assert found == ["wal", 1, synchronous, 30_000]
