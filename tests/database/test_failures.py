"""What the errors of a database mean, by SQLSTATE and by SQLite's result codes."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from scapi.database.failures import DatabaseAway, Failure, failure_of


def wrapped(orig: Exception, base: type[Exception] = psycopg.Error) -> DBAPIError:
    """Return what SQLAlchemy raises for an exception of the driver."""
    error = DBAPIError.instance("SELECT 1", {}, orig, base)
    assert isinstance(error, DBAPIError)
    return error


def state(code: str) -> Exception:
    return psycopg.errors.lookup(code)("made up")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("53100", Failure.FULL),
        *((code, Failure.AWAY) for code in ("08000", "08006", "08P01", "40001", "40P01", "40003")),
        *((code, Failure.AWAY) for code in ("53000", "53200", "53300", "53400", "55P03")),
        *((code, Failure.AWAY) for code in ("57014", "57P01", "57P02", "57P03", "57P05", "58000", "58030")),
        *((code, Failure.AWAY) for code in ("25006", "25P03")),
        *((code, Failure.BUG) for code in ("25P02", "25001", "42P01", "42703", "22001", "23503", "55000", "54000")),
        *((code, Failure.BUG) for code in ("XX000", "42501")),
    ],
)
def test_an_sqlstate(code: str, expected: Failure) -> None:
    assert failure_of(wrapped(state(code))) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.OperationalError("the connection is closed"), Failure.AWAY),
        (psycopg.errors.ConnectionTimeout("connection timeout expired"), Failure.AWAY),
        (psycopg.InterfaceError("the connection is lost"), Failure.AWAY),
        (psycopg.ProgrammingError("the query has 0 placeholders"), Failure.BUG),
    ],
)
def test_an_error_of_the_driver_itself(error: Exception, expected: Failure) -> None:
    assert failure_of(wrapped(error)) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, Failure.FULL),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Failure.AWAY),
        (sqlite3.SQLITE_IOERR_WRITE, Failure.AWAY),
        (sqlite3.SQLITE_READONLY, Failure.AWAY),
        (sqlite3.SQLITE_CANTOPEN, Failure.AWAY),
        (sqlite3.SQLITE_ERROR, Failure.BUG),
        (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, Failure.BUG),
        (sqlite3.SQLITE_CORRUPT, Failure.BUG),
    ],
)
def test_a_result_code_of_sqlite(code: int, expected: Failure) -> None:
    error = sqlite3.OperationalError("made up")
    error.sqlite_errorcode = code
    assert failure_of(wrapped(error, sqlite3.Error)) is expected


def test_a_table_that_is_missing_is_a_bug(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path}/db").connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    assert failure_of(caught.value) is Failure.BUG


def test_errors_of_sqlalchemy_itself() -> None:
    assert failure_of(DatabaseAway("known")) is Failure.AWAY
    assert failure_of(PoolTimeout("QueuePool limit")) is Failure.AWAY
    assert failure_of(InvalidRequestError("a bug")) is Failure.BUG
