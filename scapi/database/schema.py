"""Compares the database's schema with the one that this version needs; a lock lets one migration run at a time."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, func, select

MIGRATIONS = Path(__file__).parents[1] / "migrations"

UPGRADE = "scapi database upgrade"
"""The command that brings the schema to this version's."""

_LOCK_KEY = int.from_bytes(b"scapi db")
"""The key of the advisory lock on PostgreSQL."""


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def waiting(connection: Connection) -> Sequence[Script]:
    """Return the migrations that the database has not run, the oldest first.

    An unknown schema is newer (another host was upgraded first): then no migration is waiting.
    """
    here = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in _scripts().walk_revisions()}
    if not known.issuperset(here):
        return []
    return list(_scripts().iterate_revisions("heads", here or "base"))[::-1]


def undone(connection: Connection, revision: str) -> Sequence[Script]:
    """Return the migrations that the database has run since `revision`, the newest first.

    Raises alembic's RevisionError for one that there is not.
    """
    here = MigrationContext.configure(connection).get_current_heads()
    return list(_scripts().iterate_revisions(here, revision))


def lock(connection: Connection) -> None:
    """Let one migration run at a time, until the transaction ends. The next one finds its work done."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        be_patient(connection)  # waiting for another migration, or rewriting a large table, takes long
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK_KEY)))


def be_patient(connection: Connection) -> None:
    """Remove the time limit of this transaction's statements on PostgreSQL."""
    connection.connection.dbapi_connection.patience = None  # type: ignore[union-attr]  # a BoundedConnection
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
