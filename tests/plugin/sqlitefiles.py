"""SQLiteBackend: files in one SQLite database; an example of a storage backend with an entry point.

Every write adds a new row, which names the row before it. The state has the name of the last row, so its bytes are the
chain that ends there. A row that is in no official chain is never read.
"""

from __future__ import annotations

import io
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar

from storage_backends.base import (
    Leftover,
    Misconfigured,
    NoSpace,
    NotFound,
    Published,
    State,
    StorageBackend,
    StorageError,
    Unavailable,
)

Result = TypeVar("Result")

BUSY_TIMEOUT = 30
"""Seconds to wait while another process writes."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, size INTEGER NOT NULL, published INTEGER NOT NULL, modified REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, upload TEXT NOT NULL, previous TEXT, start INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS published_keys ON uploads (key) WHERE published;
CREATE INDEX IF NOT EXISTS chunks_of_upload ON chunks (upload, start);
"""

CHAIN = """
WITH RECURSIVE chain (id, previous) AS (
    SELECT id, previous FROM chunks WHERE id = :last
    UNION ALL SELECT chunks.id, chunks.previous FROM chunks JOIN chain ON chunks.id = chain.previous
)
"""


class SQLiteBackend(StorageBackend):
    """Files in the database at `path`, which is created if it does not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        return cls(Path(settings["SCAPI_DATA_DIR"]) / "files.sqlite")

    def check(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._run(lambda _: None)
        except (OSError, sqlite3.Error) as error:
            raise Misconfigured(f"{self._path} cannot be used as a database: {error}") from error

    def translate(self, error: Exception) -> StorageError | None:
        if not isinstance(error, sqlite3.Error):
            return None
        if isinstance(error, sqlite3.OperationalError):
            return (NoSpace if error.sqlite_errorcode == sqlite3.SQLITE_FULL else Unavailable)(str(error))
        return StorageError(str(error))

    def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do `work` in one transaction, which is synced at its end, and return its result."""
        with closing(sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
            connection.executescript("PRAGMA synchronous = EXTRA;" + SCHEMA)
            connection.execute("BEGIN IMMEDIATE")
            with connection:  # commits, or rolls back
                return work(connection)

    # An unfinished upload

    def start(self, key: str, content_type: str) -> State:
        upload = secrets.token_hex(8)
        self._run(lambda database: self._add_upload(database, upload, key))
        return {"key": key, "upload": upload, "last": None, "size": 0}

    def _add_upload(self, database: sqlite3.Connection, upload: str, key: str) -> None:
        database.execute("INSERT INTO uploads VALUES (?, ?, 0, 0, ?)", (upload, key, time.time()))

    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        data = stream.read(size)
        if len(data) != size:
            raise StorageError(f"a chunk of {size} bytes brought {len(data)}")
        chunk = secrets.token_hex(8)

        def work(database: sqlite3.Connection) -> None:
            touched = database.execute(
                "UPDATE uploads SET modified = ? WHERE id = ? AND NOT published", (time.time(), state["upload"])
            )
            if not touched.rowcount:
                raise NotFound(f"the upload to {state['key']} is over")
            self._add_chunk(database, chunk, state, data)

        self._run(work)
        return {**state, "last": chunk, "size": offset + size}

    def _add_chunk(self, database: sqlite3.Connection, chunk: str, state: State, data: bytes) -> None:
        row = (chunk, state["upload"], state["last"], state["size"], data)
        database.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?)", row)

    def finish(self, state: State) -> None:
        self._run(lambda database: self._publish(database, state))

    def _publish(self, database: sqlite3.Connection, state: State) -> None:
        found = database.execute("SELECT published FROM uploads WHERE id = :upload", state).fetchone()
        if found is None:
            raise NotFound(f"the upload to {state['key']} is gone")
        if not found[0]:
            self._delete(database, state["key"])
            database.execute(
                CHAIN + "DELETE FROM chunks WHERE upload = :upload AND id NOT IN (SELECT id FROM chain)", state
            )
            database.execute("UPDATE uploads SET published = 1, size = :size WHERE id = :upload", state)

    def abort(self, state: State) -> None:
        self._run(lambda database: self._drop(database, state["upload"]))

    def _drop(self, database: sqlite3.Connection, upload: str) -> None:
        if database.execute("DELETE FROM uploads WHERE id = ? AND NOT published", (upload,)).rowcount:
            database.execute("DELETE FROM chunks WHERE upload = ?", (upload,))

    # Published objects

    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        data = stream.read()
        state: State = {"key": key, "upload": secrets.token_hex(8), "last": None, "size": 0}

        def work(database: sqlite3.Connection) -> None:
            self._add_upload(database, state["upload"], key)
            self._add_chunk(database, state["upload"], state, data)
            self._publish(database, {**state, "last": state["upload"], "size": len(data)})

        self._run(work)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        def work(database: sqlite3.Connection) -> bytes:
            upload, size = self._find(database, key)
            end = size if length is None else start + length
            pieces = database.execute(
                "SELECT substr(data, max(0, :start - start) + 1, :end - max(start, :start)) FROM chunks"
                " WHERE upload = :upload AND start < :end AND start + length(data) > :start ORDER BY start",
                {"upload": upload, "start": start, "end": end},
            )
            return b"".join(data for (data,) in pieces)

        return io.BytesIO(self._run(work))

    def _find(self, database: sqlite3.Connection, key: str) -> tuple[str, int]:
        found = database.execute("SELECT id, size FROM uploads WHERE key = ? AND published", (key,)).fetchone()
        if found is None:
            raise NotFound(key)
        return found[0], found[1]

    def size(self, key: str) -> int:
        return self._run(lambda database: self._find(database, key))[1]

    def delete(self, key: str) -> None:
        self._run(lambda database: self._delete(database, key))

    def _delete(self, database: sqlite3.Connection, key: str) -> None:
        database.execute(
            "DELETE FROM chunks WHERE upload IN (SELECT id FROM uploads WHERE key = ? AND published)", (key,)
        )
        database.execute("DELETE FROM uploads WHERE key = ? AND published", (key,))

    def published(self, after: str = "") -> Iterator[Published]:
        rows = self._run(
            lambda database: database.execute(
                "SELECT key, size, modified FROM uploads WHERE published AND key > ? ORDER BY key", (after,)
            ).fetchall()
        )
        for key, size, modified in rows:
            yield Published(key, size, datetime.fromtimestamp(modified, UTC))

    # Leftovers of a crash

    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        rows = self._run(
            lambda database: database.execute(
                "SELECT key, id, modified, (SELECT total(length(data)) FROM chunks WHERE upload = uploads.id)"
                " FROM uploads WHERE NOT published AND modified < ?",
                (older_than.timestamp(),),
            ).fetchall()
        )
        for key, upload, modified, size in rows:
            yield Leftover(key, upload, int(size), datetime.fromtimestamp(modified, UTC))

    def discard(self, leftover: Leftover) -> None:
        self._run(lambda database: self._drop(database, leftover.name))
