"""Migrations and models say the same, on every database, there and back."""

from collections.abc import Callable

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from scapi.database import is_modelled
from scapi.extensions import db


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


def test_sqlite_is_set_up_for_several_processes(make_app: Callable[..., Flask], database: str) -> None:
    app = make_app()
    if database == "sqlite":
        with app.app_context():
            for bind, synchronous in ((None, 2), ("uploads", 1)):
                with db.engines[bind].connect() as connection:
                    asked = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
                    found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
                assert found == ["wal", 1, synchronous, 30_000]
