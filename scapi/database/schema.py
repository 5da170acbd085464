"""Whether the database has the schema that this version needs, and a lock that lets one migration run at a time."""

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
"""Of the advisory lock on PostgreSQL."""


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def waiting(connection: Connection) -> Sequence[Script]:
    """Return the migrations that the database has not run, the oldest first.

    A schema that this version does not know is newer (another host was upgraded first), and nothing is waiting.
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
    """Let one migration at a time go on, until the transaction ends. The next one finds its work done."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        be_patient(connection)  # to wait for another migration, and to rewrite a large table
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK_KEY)))


def be_patient(connection: Connection) -> None:
    """Let the statements of the transaction on PostgreSQL take as long as they need."""
    connection.connection.dbapi_connection.patience = None  # type: ignore[union-attr]  # a BoundedConnection
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
