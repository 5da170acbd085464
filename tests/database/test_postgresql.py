"""What scapi does with its connections to PostgreSQL: bounded waits, failover, poolers."""

import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from scapi.database import UPLOADS_BIND, db
from scapi.database.failures import DatabaseAway
from scapi.database.postgresql import LATE, BoundedConnection
from tests import databases, files, running
from tests.client import complete, md5, send_all
from tests.database.door import Door
from tests.servers import free_ports, wait_until

PHOTO = files.jpeg(200, 200, noise=True)


@pytest.fixture(params=["postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """These tests need only PostgreSQL."""
    kind: str = request.param
    return kind


def ask(statement: str, bind: str | None = UPLOADS_BIND) -> Any:
    with db.engines[bind].connect() as connection:
        result = connection.exec_driver_sql(statement)
        return result.scalar() if result.returns_rows else None


@contextmanager
def connection_of(app: Flask) -> Iterator[BoundedConnection]:
    """Yield the psycopg connection inside one of the application's connections."""
    with app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, BoundedConnection)
        yield raw


def test_a_session_is_bounded(app: Flask) -> None:
    for bind in (None, UPLOADS_BIND):
        assert ask("SHOW statement_timeout", bind) == "15s"
        assert ask("SHOW idle_in_transaction_session_timeout", bind) == "1min"
    with connection_of(app) as connection:
        assert connection.patience == 15 + LATE
        found = connection.info.get_parameters()
        assert (found["connect_timeout"], found["tcp_user_timeout"]) == ("3", "5000")
        assert not connection.autocommit


def test_what_the_operator_chose_takes_precedence(
    make_app: Callable[..., Flask], postgresql: databases.PostgreSQL
) -> None:
    url = make_url(postgresql.create())
    postgresql.execute(f"ALTER DATABASE {url.database} SET statement_timeout = '40s'")
    chosen = url.update_query_dict({"connect_timeout": "9"}).render_as_string()
    with connection_of(make_app(SCAPI_DATABASE_URL=chosen)) as connection:
        assert ask("SHOW statement_timeout") == "40s"
        assert connection.patience == 40 + LATE
        assert connection.info.get_parameters()["connect_timeout"] == "9"
    for written, threshold in (("none", None), ("0", 0), ("7", 7)):
        given = url.update_query_dict({"prepare_threshold": written}).render_as_string()
        with connection_of(make_app(SCAPI_DATABASE_URL=given)) as connection:
            assert connection.prepare_threshold == threshold
    with connection_of(make_app(SCAPI_DATABASE_STATEMENT_TIMEOUT="0")) as connection:
        assert ask("SHOW statement_timeout") == "0"
        assert connection.patience is None


def test_a_statement_that_takes_too_long_is_ended(make_app: Callable[..., Flask]) -> None:
    with make_app(SCAPI_DATABASE_STATEMENT_TIMEOUT="0.2").app_context():
        with pytest.raises(OperationalError, match="statement timeout"):
            ask("SELECT pg_sleep(60)")
        assert ask("SELECT 1") == 1


@pytest.fixture
def door(postgresql: databases.PostgreSQL) -> Iterator[Door]:
    door = Door(postgresql.create())
    yield door
    door.close()


def test_a_server_that_falls_silent_is_not_waited_for(
    make_app: Callable[..., Flask], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scapi.database.postgresql.PING", 0.2)
    monkeypatch.setattr("scapi.database.postgresql.IDLE", 0.0)
    monkeypatch.setattr("scapi.database.breaker.ASK_EVERY", 5.0)
    url = make_url(door.url).update_query_dict({"connect_timeout": "2"}).render_as_string()
    with make_app(SCAPI_DATABASE_URL=url).app_context():
        assert ask("SELECT 1") == 1
        door.is_silent = True
        with pytest.raises(OperationalError):  # its ping, and then a new connection
            ask("SELECT 1")
        entered = len(door.entered)
        for _ in range(5):
            with pytest.raises(DatabaseAway):
                ask("SELECT 1", None)
        assert len(door.entered) == entered
        door.is_silent = False
        wait_until(_works, 30, "the database to be asked again")


def _works() -> bool:
    try:
        return bool(ask("SELECT 1") == 1)
    except (DatabaseAway, DBAPIError):
        return False


@pytest.mark.parametrize("bind", [None, UPLOADS_BIND])
def test_a_connection_that_the_server_has_ended_is_not_used(
    app: Flask, postgresql: databases.PostgreSQL, bind: str | None
) -> None:
    """Not even if it was used a moment ago, when it is not tested."""
    for _ in range(3):
        before = ask("SELECT pg_backend_pid()", bind)
        with db.engines[bind].connect() as connection:
            raw = connection.connection.dbapi_connection
        assert isinstance(raw, BoundedConnection)
        assert not raw.has_news()
        postgresql.execute(f"SELECT pg_terminate_backend({before})")
        wait_until(raw.has_news, 10, "the end of the session")
        assert ask("SELECT pg_backend_pid()", bind) != before


def test_a_statement_without_an_answer_is_given_up(make_app: Callable[..., Flask], door: Door) -> None:
    with make_app(SCAPI_DATABASE_URL=door.url).app_context(), db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, BoundedConnection)
        raw.patience = 0.2
        door.is_silent = True
        with pytest.raises(OperationalError, match="has not answered in time"):
            connection.exec_driver_sql("SELECT 1")
        assert raw.closed
        assert connection.invalidated


def test_a_pool_that_leads_to_a_standby_is_dropped(app: Flask, postgresql: databases.PostgreSQL) -> None:
    """As after a failover: open sessions cannot write, new ones can."""
    ask("CREATE TABLE written (n integer)")
    before = ask("SELECT pg_backend_pid()")
    ask("SET default_transaction_read_only = on")
    with pytest.raises(DBAPIError, match="read-only"):
        ask("INSERT INTO written VALUES (1) RETURNING n")
    assert ask("INSERT INTO written VALUES (1) RETURNING n") == 1
    assert ask("SELECT pg_backend_pid()") != before


@contextmanager
def pgbouncer(folder: Path, url: str) -> Iterator[str]:
    """Run PgBouncer in transaction mode in front of the database at `url`; yield the URL for its clients."""
    program = which("pgbouncer", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    database, port = make_url(url), free_ports(1)[0]
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={database.host} port={database.port} user=postgres pool_size=2\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\nlogfile = {folder}/pgbouncer.log\n"
    )
    folder.chmod(0o777)
    process = subprocess.Popen([program, "-q", "-u", "nobody", str(config)])
    try:
        wait_until(lambda: _listens(port), 30, "PgBouncer")
        yield database.set(port=port).render_as_string()
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_pgbouncer_in_transaction_mode(door: Door, tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    with connection_of(make_app(SCAPI_DATABASE_URL=door.url)) as direct:
        assert direct.prepare_threshold == 5  # psycopg's default
    with tempfile.TemporaryDirectory() as folder, pgbouncer(Path(folder), door.url) as pooled:
        databases.migrate(pooled, tmp_path)
        with connection_of(make_app(SCAPI_DATABASE_URL=pooled)) as connection:
            assert connection.prepare_threshold is None
            assert connection.patience == 15 + LATE
        with running.scapi(tmp_path, SCAPI_DATABASE_URL=pooled) as server:
            for _ in range(8):  # psycopg prepares a statement at its sixth execution
                answer = complete(server, send_all(server, PHOTO), md5(PHOTO))
                assert answer.status_code == 201, answer.text
            assert server.request("GET", "/readyz").status_code == 200
            assert "ERROR" not in server.log.read_text()
