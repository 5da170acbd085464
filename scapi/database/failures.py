"""Classifies errors of a database by PostgreSQL's SQLSTATE and SQLite's result code, never by the exception's class.

psycopg has a class per SQLSTATE, so a class does not show the kind of an error.
"""

import sqlite3
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DISK_FULL = "53100"
READ_ONLY = "25006"
UNIQUE_VIOLATION = "23505"

_AWAY_CLASSES = (
    "08",  # connection exception
    "40",  # transaction rollback: deadlock, serialization failure
    "53",  # insufficient resources: memory, connections, a limit of the configuration
    "57",  # operator intervention: shutdown, start-up, a statement that was cancelled or took too long
    "58",  # system error, such as an I/O error
)
_AWAY = {
    READ_ONLY,  # a standby, or a primary before a failover
    "25P03",  # idle in transaction for too long
    "25P04",  # the transaction took too long
    "55P03",  # a lock could not be acquired
}

_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_INTERRUPT,
}


class Failure(Enum):
    """What an error means to the caller."""

    FULL = auto()
    """There is no space left to write."""

    AWAY = auto()
    """The database cannot do it now; it may work later."""

    BUG = auto()
    """The database works; scapi sent a wrong statement."""


class DatabaseAway(SQLAlchemyError):
    """The statement was not sent: the database is known to be away, is read-only, or its schema is not ready."""


def failure_of(error: SQLAlchemyError) -> Failure:
    """Return what an error of SQLAlchemy means."""
    if isinstance(error, (DatabaseAway, PoolTimeout)):
        return Failure.AWAY
    if not isinstance(error, DBAPIError):
        return Failure.BUG
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig)
    state = sqlstate_of(error.orig)
    if state == DISK_FULL:
        return Failure.FULL
    if state:
        return Failure.AWAY if state.startswith(_AWAY_CLASSES) or state in _AWAY else Failure.BUG
    # Without an SQLSTATE the error is not from the server: there was no connection, or it broke.
    broke = error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
    return Failure.AWAY if broke else Failure.BUG


def sqlstate_of(error: BaseException | None) -> str | None:
    """Return the SQLSTATE of a psycopg exception; None if it has none."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None


def _of_sqlite(error: sqlite3.Error) -> Failure:
    # The lowest byte of an extended result code is the primary one (sqlite.org/rescode.html).
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return Failure.FULL
    return Failure.AWAY if code in _SQLITE_AWAY else Failure.BUG
