"""The connections of the engines: with time limits on PostgreSQL, durable and with a long busy timeout on SQLite."""

import os
import weakref
from time import monotonic
from typing import Any

from sqlalchemy import Dialect, Engine, ExceptionContext, PoolProxiedConnection, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import QueuePool

from scapi.database.breaker import Breaker
from scapi.database.failures import READ_ONLY, sqlstate_of

SQLITE_BUSY_TIMEOUT = 30
"""Seconds that a writer waits for another one."""

POOL_SIZE = 8
"""Connections that each engine of a process keeps: one per gunicorn thread. More are made on demand."""

IDLE = 1.0
"""A connection that was idle for longer, in seconds, is tested before use."""

PING = 3.0
"""Seconds that this test of a pooled connection may take."""


class GuardedPool(QueuePool):
    """A pool that refuses at once while the database is known to be away."""

    breaker: Breaker

    def connect(self) -> PoolProxiedConnection:
        self.breaker.refuse()
        return super().connect()


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


def set_up_psycopg(engine: Engine, statement_timeout: float) -> None:
    """Limit every wait, and detect a failover and a silent network. `statement_timeout` is in seconds, 0 for none."""
    from scapi.database.postgresql import NETWORK, BoundedConnection, typed  # SQLite alone needs no psycopg

    pool = engine.pool
    assert isinstance(pool, GuardedPool)  # noqa: S101 - see `options`
    breaker = pool.breaker

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Dialect, _record: Any, arguments: Any, parameters: Any) -> BoundedConnection:
        with breaker.connecting():
            connection = BoundedConnection.connect(*arguments, **(NETWORK | typed(parameters)))
            try:
                connection.begin_session(statement_timeout)
            except BaseException:
                connection.close()
                raise
            return connection

    @event.listens_for(engine, "checkin")
    def _note(_connection: Any, record: Any) -> None:
        record.info["used"] = monotonic()

    @event.listens_for(engine, "checkout")
    def _ping(connection: BoundedConnection, record: Any, _proxy: Any) -> None:
        # SQLAlchemy's own `pool_pre_ping` tests every time, which costs a round trip for every statement or two
        if monotonic() - record.info.get("used", monotonic()) < IDLE and not connection.has_news():
            return
        try:
            with connection.within(PING):
                engine.dialect.do_ping(connection)  # type: ignore[arg-type]  # a protocol that psycopg's has
        except engine.dialect.loaded_dbapi.Error as error:
            breaker.doubt()
            raise InvalidatePoolError from error
        breaker.there()

    @event.listens_for(engine, "handle_error")
    def _failed(context: ExceptionContext) -> None:
        context.is_disconnect = is_lost(engine, context.original_exception, broke=context.is_disconnect)


def is_lost(engine: Engine, error: BaseException, *, broke: bool) -> bool:
    """Return whether an error means that all connections are unusable; `broke`: the one that raised it is."""
    if sqlstate_of(error) == READ_ONLY:
        return True  # after a failover the pool's connections lead to the new standby
    if broke and isinstance(engine.pool, GuardedPool):
        engine.pool.breaker.doubt()
    return broke


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
