"""The rows of uploads: the statements of their requests, each in its own transaction on the engine of UPLOADS_BIND.

They run directly with the database's driver: SQLAlchemy's own work around an execution costs more. SQLAlchemy still
compiles them, converts the types of their columns, and pools the connections.

Every function uses the given connection, or gets one: getting a connection costs as much as a statement.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Delete, Dialect, Engine, Insert, Select, Update, bindparam, insert, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import TypeEngine

from scapi.database import UPLOADS_BIND, UtcDateTime, db, syncs_chunks
from scapi.database.breaker import is_lost
from scapi.settings import settings
from scapi.uploads.models import Status, Upload
from scapi.uploads.rules import is_id

Statement = Select[Any] | Insert | Update | Delete
Processor = Callable[[Any], Any] | None


class _Form(NamedTuple):
    """A statement in a dialect: its text, its parameters, and what converts them and the columns of the result."""

    text: str
    is_positional: bool
    names: list[str]
    constants: dict[str, Any]
    into: list[Processor]
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
            binds = compiled.binds
            constants = {name: bind.value for name, bind in binds.items() if not bind.required}
            names = list(compiled.positiontup or binds)
            into = [None if name in constants else _writes(binds[name].type, dialect) for name in names]
            out = [_reads(column.type, dialect) for column in columns]
            found = _Form(compiled.string, compiled.positional, names, constants, into, out)
            self._forms[dialect.name] = found
        return found


def _writes(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reads(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    if isinstance(kind, UtcDateTime):  # its own way costs twice the calls
        return _moment_of_text if dialect.name == "sqlite" else _moment
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _moment_of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _moment(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


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
        known = {**form.constants, **values}
        bound = [
            write(known[name]) if write else known[name] for name, write in zip(form.names, form.into, strict=True)
        ]
        parameters = bound if form.is_positional else dict(zip(form.names, bound, strict=True))
        try:
            self._cursor.execute(form.text, parameters)
        except self._dialect.loaded_dbapi.Error as error:
            broke = self._dialect.is_disconnect(error, self._connection, self._cursor)
            if is_lost(self._engine, error, broke=broke):
                broke = True
                self._connection.invalidate(error)
                self._engine.dispose()  # all connections are as broken as this one
            raise _as_sqlalchemys(error, self._dialect, form.text, broke=broke) from error


def connected(connection: Driver | None = None) -> AbstractContextManager[Driver]:
    """Return a context with `connection`, or with a new one if it is None. Raises SQLAlchemyError."""
    return _connected() if connection is None else nullcontext(connection)


@contextmanager
def _connected() -> Iterator[Driver]:
    engine = db.engines[UPLOADS_BIND]
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


class UploadRow(NamedTuple):
    """The row of an upload. See `models.Upload`."""

    id: str
    user_id: int | None
    address: bytes | None
    filename: str
    mimetype: str
    total: int | None
    offset: int
    md5: bytes
    last_start: int
    md5_before: bytes
    md5_durable: bytes | None
    storage: str
    state: dict[str, Any]
    writer: int
    status: str
    claimed_until: datetime | None
    crashes: int
    refusal_code: str | None
    refusal_message: str | None
    created_at: datetime
    expires_at: datetime


_COLUMNS = [getattr(Upload, name) for name in UploadRow._fields]

_FIND = Prepared(select(*_COLUMNS).where(Upload.id == bindparam("of_id")))
_WRITER = Prepared(select(Upload.writer).where(Upload.id == bindparam("of_id"), Upload.status == Status.UPLOADING))
_TAKE_OVER = Prepared(
    update(Upload)
    .where(
        Upload.id == bindparam("of_id"),
        or_(Upload.user_id.is_(None), Upload.user_id == bindparam("of_user")),
        Upload.status == Status.UPLOADING,
    )
    .values(writer=Upload.writer + 1)
    .returning(*_COLUMNS)
)

CHANGEABLE = ("mimetype", "total", "offset", "md5", "last_start", "md5_before", "md5_durable", "state")
"""The columns that may change during an upload."""

_ADVANCE = Prepared(
    update(Upload)
    .where(
        Upload.id == bindparam("of_id"),
        Upload.writer == bindparam("known_writer"),
        # processes of 0.1.0, which may run beside this one, do not increment the writer
        Upload.offset == bindparam("known_offset"),
        Upload.total.is_not_distinct_from(bindparam("known_total")),
        Upload.status == Status.UPLOADING,
    )
    .values({"writer": Upload.writer + 1, **{name: bindparam(f"new_{name}") for name in CHANGEABLE}})
)

_ADD = insert(Upload)
_WRITE_AGAIN = update(Upload).where(Upload.id == bindparam("of_id")).values(status=Upload.status)


def find(upload_id: str, connection: Driver | None = None) -> UploadRow | None:
    """Return the row of the upload, or None."""
    if not is_id(upload_id):
        return None
    with connected(connection) as shared:
        found = shared.fetch(_FIND, {"of_id": upload_id})
    return UploadRow(*found[0]) if found else None


def add(values: Mapping[str, Any]) -> None:
    """Insert the row of a new upload."""
    with db.engines[UPLOADS_BIND].connect() as connection:
        connection.execute(_ADD, dict(values))


def advance(upload: UploadRow, values: Mapping[str, Any], connection: Driver | None = None) -> bool:
    """Change the row of an upload and increment its writer, unless it has changed since `upload` was read.

    `values` are columns of CHANGEABLE. Return whether the row was changed, which makes them official.
    """
    known = {
        "of_id": upload.id,
        "known_writer": upload.writer,
        "known_offset": upload.offset,
        "known_total": upload.total,
    }
    new = {f"new_{name}": values[name] if name in values else getattr(upload, name) for name in CHANGEABLE}
    with connected(connection) as shared:
        return shared.change(_ADVANCE, {**known, **new}) == 1


def take_over(upload_id: str, user_id: int | None) -> UploadRow | None:
    """Become the writer of an unfinished upload: earlier requests can store no byte from now on.

    Return its row with the new number; None, without a change, if this user has no such unfinished upload.
    """
    if not is_id(upload_id):
        return None
    with connected() as connection:
        found = connection.fetch(_TAKE_OVER, {"of_id": upload_id, "of_user": user_id})
    return UploadRow(*found[0]) if found else None


def writer(upload_id: str) -> int | None:
    """Return the number of the upload's writer; None if the upload has ended."""
    with connected() as connection:
        found = connection.fetch(_WRITER, {"of_id": upload_id})
    return int(found[0][0]) if found else None


def make_durable(upload: UploadRow) -> None:
    """Make the row survive a power cut, because the next steps rely on it.

    If `syncs_chunks` is false, a commit on the other engine syncs all earlier commits.
    """
    if not syncs_chunks(db.engine, settings):
        with db.engine.begin() as connection:
            connection.execute(_WRITE_AGAIN, {"of_id": upload.id})
