"""`scapi database copy`: all rows into another database, verified, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic import command
from alembic.migration import MigrationContext
from flask import current_app
from sqlalchemy import Column, Connection, Engine, Integer, Table, create_engine, func, insert, inspect, select, text
from sqlalchemy.dialects.postgresql import REGCLASS

from scapi.database import db, engines, schema
from scapi.uploads.models import Upload

BATCH = 1000
"""Rows inserted at a time."""


class NotCopied(Exception):
    """Nothing was copied. The message says why, and what was expected."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The number of rows of each table, and whether the database was unchanged until the end of the copy."""

    rows: dict[str, int]
    is_current: bool


def copy(url: str, done: Callable[[int], None]) -> Copied:
    """Copy all rows, as of one moment, into the empty database at `url`.

    Missing tables are created. All rows are written in one transaction: a killed copy leaves none.
    Raises NotCopied and SQLAlchemy's errors.
    """
    target = _engine(url)
    _prepare(target)
    with _snapshot(db.engine) as here, target.begin() as there:
        before = _state(here)
        _lock_out_others(there)
        copied = {}
        for table in tables():
            if _count(there, table):
                raise NotCopied(f"the table {table.name} is not empty; expected an empty database")
            copied[table.name] = _copy_table(here, there, table, done)
            _go_on_counting(here, there, table)
        for table in tables():
            found, expected = _count(there, table), _count(here, table)
            if found != expected:
                raise NotCopied(f"the table {table.name} has {found} rows after copying, not {expected}")
    target.dispose()
    with _snapshot(db.engine) as here:
        return Copied(copied, _state(here) == before)


def tables() -> list[Table]:
    """Return all tables, each after those that it refers to."""
    return list(db.metadata.sorted_tables)


def total() -> int:
    """Return the total number of rows."""
    with _snapshot(db.engine) as here:
        return sum(_count(here, table) for table in tables())


def _engine(url: str) -> Engine:
    try:
        engines.check(url)
    except ValueError as error:
        raise NotCopied(str(error)) from error
    return create_engine(url, connect_args=engines.typed_parameters(url))


def _prepare(target: Engine) -> None:
    """Give the target the schema of this database. Raises NotCopied if it has other tables, or rows."""
    config = current_app.extensions["migrate"].migrate.get_config()
    with db.engine.connect() as connection:
        schema = MigrationContext.configure(connection).get_current_revision()
    with target.connect() as connection:
        known = {*(table.name for table in tables()), "alembic_version"}
        there = (name for name in inspect(connection).get_table_names() if "_search" not in name)
        strange = sorted(set(there) - known)
        if strange:
            raise NotCopied(f"the database has the table {strange[0]}; expected an empty database")
    with target.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema or "head")


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees all tables as of one moment."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            schema.be_patient(connection)
        else:
            connection.exec_driver_sql("BEGIN")
        yield connection
        connection.rollback()


def _lock_out_others(connection: Connection) -> None:
    """Prevent a second copy into the same database."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('scapi database copy'))"))


def _state(connection: Connection) -> list[int]:
    """Return numbers that nearly every write changes: each chunk increases a `writer`."""
    writers = connection.execute(select(func.coalesce(func.sum(Upload.writer), 0))).scalar_one()
    return [int(writers), *(_count(connection, table) for table in tables())]


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _copy_table(here: Connection, there: Connection, table: Table, done: Callable[[int], None]) -> int:
    copied = 0
    rows = here.execution_options(yield_per=BATCH).execute(select(table).order_by(*table.primary_key))
    for batch in rows.mappings().partitions():
        there.execute(insert(table), [dict(row) for row in batch])
        copied += len(batch)
        done(len(batch))
    return copied


def _go_on_counting(here: Connection, there: Connection, table: Table) -> None:
    """Make new rows get ids that no row has ever had, not even a deleted one."""
    column = table.autoincrement_column
    if column is None or not isinstance(column.type, Integer) or column.foreign_keys:
        return
    last = max(_last_id(here, table, column), there.execute(select(func.max(column))).scalar_one() or 0)
    if not last:
        return
    if there.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        there.execute(select(func.setval(sequence, last)))
    else:
        there.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        counter = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)")
        there.execute(counter, {"name": table.name, "seq": last})


def _last_id(connection: Connection, table: Table, column: Column[int]) -> int:
    """Return the last id that the source has assigned, even if its row was deleted."""
    if connection.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        known = connection.execute(select(func.pg_sequence_last_value(sequence.cast(REGCLASS))))
    else:
        known = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    return int(known.scalar() or 0)
