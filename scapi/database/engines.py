"""The connections of the engines: guarded on PostgreSQL, durable and with a long busy timeout on SQLite."""

import os
import weakref
from typing import Any

from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import ArgumentError

from scapi.database.breaker import Breaker

SQLITE_BUSY_TIMEOUT = 30
"""Seconds that a writer waits for another one."""

POOL_SIZE = 8
"""Connections that each engine of a process keeps: one per gunicorn thread. More are made on demand."""


def check(url: str) -> None:
    """Raise ValueError, which says what is wrong, if no connection can be made by `url`, wherever the server is."""
    try:
        chosen = make_url(url)
    except ArgumentError as error:
        raise ValueError(str(error)) from error
    except ValueError as error:  # its message has what stands there, which may be the end of a password
        raise ValueError("the port must be a number, and what is special in a password must be quoted") from error
    try:
        dialect = chosen.get_dialect()()
        dialect.import_dbapi()
        _, parameters = dialect.create_connect_args(chosen)
    except (ArgumentError, ImportError) as error:
        raise ValueError(str(error)) from error
    if dialect.driver == "psycopg":
        from scapi.database import postgresql  # SQLite alone needs no psycopg

        postgresql.check(parameters)


def options(url: str) -> dict[str, Any]:
    """Return SQLAlchemy's options for an engine on the database at `url`."""
    # the log must not contain the parameters of a failing statement, such as file names
    chosen: dict[str, Any] = {"hide_parameters": True}
    if url.startswith("sqlite"):
        return chosen | {"connect_args": {"timeout": SQLITE_BUSY_TIMEOUT}}
    if make_url(url).get_driver_name() != "psycopg":
        return chosen | {"pool_pre_ping": True, "pool_size": POOL_SIZE}
    from scapi.database.postgresql import GuardedPool

    # a class per application, so that a new pool has the same breaker
    return chosen | {"poolclass": type("Pool", (GuardedPool,), {"breaker": Breaker()}), "pool_size": POOL_SIZE}


def forget_in_children(engine: Engine) -> None:
    """Make a forked process open its own connections: two processes must not share one (gunicorn's --preload)."""
    reference = weakref.ref(engine)

    def forget() -> None:
        if (found := reference()) is not None:
            found.dispose(close=False)

    os.register_at_fork(after_in_child=forget)


def typed_parameters(url: str) -> dict[str, Any]:
    """Return those parameters of the URL that SQLAlchemy passes on as text, and that its driver wants otherwise."""
    written = make_url(url).query.get("prepare_threshold")
    if written is None:
        return {}
    from scapi.database.postgresql import typed

    return typed({"prepare_threshold": written})


def set_up_sqlite(engine: Engine, synchronous: str) -> None:
    """Set each connection's pragmas; `synchronous` says how durable a commit is."""

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.close()
        # SQLite's own function handles only ASCII letters
        connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
