"""Connections to PostgreSQL: a time limit on every wait, with or without a pooler in between, and their pool."""

import re
import select
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

from psycopg import Connection, OperationalError, ProgrammingError
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn
from sqlalchemy import Dialect, Engine, ExceptionContext, PoolProxiedConnection, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import QueuePool

from scapi.database.breaker import Breaker, State, is_lost

NETWORK: dict[str, int] = {
    "connect_timeout": 3,  # seconds
    "tcp_user_timeout": 5000,  # milliseconds that sent bytes may stay unacknowledged
    "keepalives": 1,
    "keepalives_idle": 3,  # seconds of silence, while waiting for an answer, before the first probe
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
"""libpq's parameters to detect a silent network within seconds; its defaults take minutes. The URL may override them.
"""

LATE = 5.0
"""A server that has not answered this many seconds after the statement timeout counts as gone: it may be frozen."""

IDLE = 1.0
"""A connection that was idle for longer, in seconds, is tested before use."""

PING = 3.0
"""Seconds that this test of a pooled connection may take."""

IDLE_TRANSACTION = "60s"
"""The server ends a transaction, and frees its locks, when its client is silent for this long."""

_NUMBER = re.compile("-?[0-9]{1,9}")
_NOWHERE = "/nowhere"
"""A folder that is not there, so that no server can have a socket in it."""

_ABOUT = "SELECT pg_backend_pid(), setting::integer FROM pg_settings WHERE name = 'statement_timeout'"
_BOUND = """
SELECT set_config('statement_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false)
"""


def typed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a URL's parameters, with the type that psycopg expects for its own one: a number, or None for `none`.

    Raises ValueError.
    """
    written = parameters.get("prepare_threshold")
    if not isinstance(written, str):
        return dict(parameters)
    if written.lower() in ("", "none"):
        return {**parameters, "prepare_threshold": None}
    if not _NUMBER.fullmatch(written):
        raise ValueError("prepare_threshold must be a whole number or `none`")
    return {**parameters, "prepare_threshold": int(written)}


def check(parameters: Mapping[str, Any]) -> None:
    """Raise ValueError if no server could be reached with the parameters of a URL: one is unknown, or has a bad value.

    libpq reads them: it is sent to a server that cannot be there, and may complain of nothing else.
    """
    typed(parameters)
    for name in (name for name, value in parameters.items() if type(value) is tuple):
        raise ValueError(f"{name} is given more than once")
    for name in NETWORK.keys() & parameters.keys():
        if not _NUMBER.fullmatch(str(parameters[name])):
            raise ValueError(f"{name} must be a whole number")
    own = ("prepare_threshold", "gssencmode")  # psycopg's, and what a local socket has not
    others = {name: value for name, value in parameters.items() if name not in own}
    try:
        conninfo = make_conninfo(**(others | {"host": _NOWHERE, "hostaddr": None, "port": 1}))
    except ProgrammingError as error:
        raise ValueError(str(error).strip()) from error
    connection = PGconn.connect_start(conninfo.encode())
    complaint = connection.error_message.decode(errors="replace").strip()
    connection.finish()
    if _NOWHERE not in complaint:
        raise ValueError(complaint)


class BoundedConnection(Connection[Any]):
    """Raises OperationalError, and is closed, if the server does not answer within `patience` seconds (None: any)."""

    patience: float | None = LATE

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        """See psycopg. Waits for the server and resumes `gen` several times a second."""
        if self.patience is None:
            return super().wait(gen, *arguments, **options)
        return super().wait(self._until(monotonic() + self.patience, gen), *arguments, **options)

    def _until(self, deadline: float, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > deadline:
                    self.pgconn.finish()
                    raise OperationalError("the server has not answered in time")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    @contextmanager
    def within(self, patience: float | None) -> Iterator[None]:
        """Within this context, wait for at most `patience` seconds."""
        before, self.patience = self.patience, patience
        try:
            yield
        finally:
            self.patience = before

    def has_news(self) -> bool:
        """Return whether the server has sent anything unrequested, as it does when it ends a session. Sends nothing."""
        news = select.poll()
        news.register(self.pgconn.socket, select.POLLIN)
        return bool(news.poll(0))

    def begin_session(self, statement_timeout: float) -> None:
        """Limit the session's statements to `statement_timeout` seconds (0: no limit), unless it has a limit already.

        A pooler in transaction mode, such as PgBouncer, gives each transaction another session, and reports an invented
        process id. Then no statements are prepared, and only this side limits their time.
        """
        autocommit, self.autocommit = self.autocommit, True
        pid, given = self.execute(_ABOUT).fetchone() or (0, 0)
        if pid != self.info.backend_pid:
            self.prepare_threshold = None
        elif not given:
            self.execute(_BOUND, (str(round(statement_timeout * 1000)), IDLE_TRANSACTION))
        self.autocommit = autocommit
        seconds = given / 1000 or statement_timeout
        self.patience = seconds + LATE if seconds else None


class GuardedPool(QueuePool):
    """A pool that refuses at once while the database is known to be away."""

    breaker: Breaker

    def connect(self) -> PoolProxiedConnection:
        if self.breaker.state is State.AWAY:
            self.breaker.refuse()
        return super().connect()


def set_up(engine: Engine, statement_timeout: float) -> None:
    """Limit every wait, and detect a failover and a silent network. `statement_timeout` is in seconds, 0 for none."""
    pool = engine.pool
    assert isinstance(pool, GuardedPool)  # noqa: S101 - see `engines.options`
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
