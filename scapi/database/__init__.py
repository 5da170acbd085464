"""The tables' base, the column types they share, and how the engines are set up."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    bindparam,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

from scapi.database import engines, failures, schema
from scapi.settings import ConfigurationError, Settings

UPLOADS_BIND = "uploads"
"""The engine for chunk requests: the same database, each statement in its own transaction."""

BATCH = 500
"""Rows that `stream_keys` reads at a time."""

MAX_ID = 2**63 - 1
"""The largest integer that fits a database's 64-bit column."""

now = partial(datetime.now, UTC)
"""Returns the current time in UTC."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit primary key that counts up (SQLite does that for INTEGER only)."""


_LOCK = select(func.pg_advisory_xact_lock(bindparam("key")))


class Base(DeclarativeBase):
    """The base class of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Python gets it in UTC with a time zone, also on SQLite, which stores no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def can_be_kept(text: str) -> bool:
    """Return whether every database can store `text`: PostgreSQL accepts no NUL, and UTF-8 has no lone surrogates."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def is_duplicate(error: IntegrityError) -> bool:
    """Return whether the error is a violated unique constraint, and not a foreign key."""
    if isinstance(error.orig, sqlite3.Error):
        codes = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
        return error.orig.sqlite_errorcode in codes
    return failures.sqlstate_of(error.orig) == failures.UNIQUE_VIOLATION


def is_modelled(_item: Any, name: str | None, _kind: str, _reflected: bool, _compared: Any) -> bool:
    """Tell Alembic which objects the models define: search indexes (`<table>_search`) differ per database."""
    return "_search" not in (name or "")


def embedded_url(data_dir: Path) -> str:
    """Return the SQLAlchemy URL of the embedded database in `data_dir`; only its owner can read the file.

    Raises ConfigurationError.
    """
    file = data_dir / "scapi.sqlite3"
    try:
        os.close(os.open(file, os.O_CREAT | os.O_RDONLY, 0o600))
        # SQLite gives its other files the same mode
        for one in (file.with_name(file.name + end) for end in ("", "-wal", "-shm")):
            if one.exists() and one.stat().st_mode & 0o077 and one.stat().st_uid == os.geteuid():
                one.chmod(0o600)
    except OSError as error:
        raise ConfigurationError(f"SCAPI_DATA_DIR: the database cannot be made there: {error}") from error
    return f"sqlite:///{file}"


def engine_settings(url: str) -> Mapping[str, Any]:
    """Return Flask-SQLAlchemy's settings for the two engines on the database at `url`."""
    chosen = engines.options(url)
    uploads = {"url": url, "isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None, **chosen}
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": chosen,
        "SQLALCHEMY_BINDS": {UPLOADS_BIND: uploads},
    }


def set_up(app: Flask, settings: Settings) -> None:
    """Bind the database extensions and configure the connections. Raises ConfigurationError."""
    url = settings.database_url or embedded_url(settings.data_dir)
    try:
        engines.check(url)
    except ValueError as error:
        raise ConfigurationError(
            f"SCAPI_DATABASE_URL: {error}; expected something like postgresql+psycopg://user:password@host/database"
        ) from error
    app.config.from_mapping(engine_settings(url))
    db.init_app(app)
    migrate.init_app(app, db, directory=str(schema.MIGRATIONS))
    with app.app_context():
        for bind, engine in db.engines.items():
            engines.forget_in_children(engine)
            if engine.dialect.name == "sqlite":
                lazily = bind == UPLOADS_BIND and not syncs_chunks(engine, settings)
                engines.set_up_sqlite(engine, "NORMAL" if lazily else "FULL")
            elif engine.dialect.driver == "psycopg":
                from scapi.database import postgresql  # SQLite alone needs no psycopg

                postgresql.set_up(engine, settings.database_statement_timeout)


def syncs_chunks(engine: Engine, settings: Settings) -> bool:
    """Return whether commits of chunk requests are synced at once, like all other commits.

    On SQLite, if chunks are written at their offset, a power cut (not kill -9) may lose the last commits: an upload
    then goes on from an earlier offset. Other storages may have deleted the objects that an earlier row refers to.
    """
    return engine.dialect.name != "sqlite" or not {settings.storage, settings.storage_before} <= {"local", ""}


@contextmanager
def one_at_a_time(engine: Engine, names: Iterable[str]) -> Iterator[Connection]:
    """Open a transaction that excludes others with the same lock names: for counting and then writing.

    `engine` is that of UPLOADS_BIND, which begins no transaction by itself. PostgreSQL has locks by name; SQLite has
    only one writer at a time.
    """
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
        try:
            for name in [] if sqlite else names:
                key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
                connection.execute(_LOCK, {"key": key})
            yield connection
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.invalidate()  # the transaction, in any state, ends with its connection
            raise


def stream_keys(column: InstrumentedAttribute[Any], condition: ColumnElement[bool]) -> Iterator[Any]:
    """Yield `column`, which is a primary key, of all rows that meet the condition, in its order.

    No transaction is open while the caller works on a key, and only BATCH keys are in memory.
    """
    batch = select(column).where(condition).order_by(column).limit(BATCH)
    found = list(db.session.scalars(batch))
    while found:
        db.session.rollback()
        yield from found
        found = list(db.session.scalars(batch.where(column > found[-1])))
    db.session.rollback()
