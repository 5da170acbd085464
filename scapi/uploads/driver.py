"""Runs statements directly with the database's driver: SQLAlchemy's own work around an execution costs more.

SQLAlchemy still compiles them, converts the types of their columns, and pools the connections.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Delete, Dialect, Engine, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import TypeEngine

from scapi.database.engines import is_lost

Statement = Select[Any] | Insert | Update | Delete
Processor = Callable[[Any], Any] | None


class _Form(NamedTuple):
    """A statement in a dialect: its text, its parameters (in order, if positional), and its result columns."""

    text: str
    by_position: list[str] | None
    constants: dict[str, Any]
    into: dict[str, Processor]
    out: list[Processor]


class Prepared:
    """A statement that is compiled once per dialect. Its parameters are its `bindparam`s."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def form(self, dialect: Dialect) -> _Form:
        """Return the statement in the form for the driver of `dialect`."""
        found = self._forms.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect)
            columns = getattr(self._statement, "exported_columns", ())
            constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
            into = {name: _writes(bind.type, dialect) for name, bind in compiled.binds.items() if bind.required}
            out = [_reads(column.type, dialect) for column in columns]
            positions = compiled.positiontup if compiled.positional else None
            found = self._forms[dialect.name] = _Form(compiled.string, positions, constants, into, out)
        return found


def _writes(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reads(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


class Driver:
    """A connection of the driver. Each statement is its own transaction, because the engine is set to AUTOCOMMIT."""

    def __init__(self, engine: Engine, connection: PoolProxiedConnection) -> None:
        self._engine = engine
        self._dialect = engine.dialect
        self._connection = connection
        self._cursor = connection.cursor()

    def fetch(self, prepared: Prepared, values: Mapping[str, Any]) -> list[list[Any]]:
        """Run a statement and return its rows. Raises DBAPIError."""
        form = prepared.form(self._dialect)
        self._execute(form, values)
        return [
            [read(value) if read else value for read, value in zip(form.out, row, strict=True)]
            for row in self._cursor.fetchall()
        ]

    def change(self, prepared: Prepared, values: Mapping[str, Any]) -> int:
        """Run a statement and return the number of changed rows. Raises DBAPIError."""
        self._execute(prepared.form(self._dialect), values)
        return int(self._cursor.rowcount)

    def _execute(self, form: _Form, values: Mapping[str, Any]) -> None:
        bound = {name: write(values[name]) if write else values[name] for name, write in form.into.items()}
        bound |= form.constants
        parameters = bound if form.by_position is None else [bound[name] for name in form.by_position]
        try:
            self._cursor.execute(form.text, parameters)
        except self._dialect.loaded_dbapi.Error as error:
            broke = self._dialect.is_disconnect(error, self._connection, self._cursor)
            if is_lost(self._engine, error, broke=broke):
                broke = True
                self._connection.invalidate(error)
                self._engine.dispose()  # all connections are as broken as this one
            raise _as_sqlalchemys(error, self._dialect, form.text, broke=broke) from error


@contextmanager
def connected(engine: Engine) -> Iterator[Driver]:
    """Yield a connection from an engine's pool. Raises SQLAlchemyError."""
    try:
        connection = engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(error, engine.dialect, None, broke=True) from error
    try:
        yield Driver(engine, connection)
    finally:
        connection.close()


def _as_sqlalchemys(error: Exception, dialect: Dialect, text: str | None, *, broke: bool) -> BaseException:
    """Return the exception that SQLAlchemy itself would raise for an error of the driver."""
    return DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=broke,
        dialect=dialect,
    )
