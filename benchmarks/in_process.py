"""scapi inside the benchmark's own process, and its database statements."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, text

from scapi import create_app
from scapi.database import db
from scapi.settings import read_settings
from tests import databases
from tests.running import SECRET


@contextmanager
def application(kind: str) -> Iterator[Flask]:
    """Yield an application on a new database of a kind (one of `databases.KINDS`), in its context."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg")))
        if kind == "sqlite":
            url = databases.SQLite(folder).create()
        else:
            url = stack.enter_context(databases.postgresql(folder / "server", durable=True)).create()
        settings = {"SCAPI_DATABASE_URL": url, "SCAPI_DATA_DIR": str(folder), "SCAPI_JWT_SECRET": SECRET}
        app = create_app(read_settings(settings))
        with app.app_context():
            yield app
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def tidy_up() -> None:
    """Do the maintenance that a database does by itself some time after many inserts."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
        connection.execute(text("ANALYZE"))


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Yield a list that gets all statements sent within the context."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    for engine in db.engines.values():
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in db.engines.values():
            event.remove(engine, "before_cursor_execute", note)


def plan(statement: str, parameters: Any) -> str:
    """Return the database's plan of a statement."""
    sqlite = db.engine.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN (COSTS OFF) "
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
    return "\n".join("      " + (row[3] if sqlite else row[0]) for row in rows)
