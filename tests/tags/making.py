"""Tags to test with."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event, insert

from scapi.database import db
from scapi.tags.models import Tag
from scapi.tags.rows import columns_of
from tests.running import Server

TAGS = "/api/v2/tag/"


def unique(name: str = "tag") -> str:
    """Return a unique name: `name` and digits, in which no search finds a word by chance."""
    return f"{name} {secrets.randbelow(10**32):032}"


def create(server: Server, **fields: Any) -> dict[str, Any]:
    """Create a tag, with a unique name if none is given, and return the answer."""
    answer = server.request("POST", TAGS, json={"name": unique(), **fields})
    assert answer.status_code == 201, answer.text
    tag: dict[str, Any] = answer.json()
    return tag


def insert_tags(app: Flask, tags: Sequence[dict[str, Any]]) -> None:
    """Put tags into the database of an application."""
    with app.app_context():
        db.session.execute(insert(Tag), [columns_of(tag) for tag in tags])
        db.session.commit()


@contextmanager
def statements(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """Yield a list that gets the statements of the application and their parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan(app: Flask, statement: str, parameters: Any) -> str:
    """Return the database's plan for a statement."""
    with app.app_context(), db.engine.connect() as connection:
        explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN (COSTS OFF) "
        rows = connection.exec_driver_sql(explain + statement, parameters)
        return "\n".join(" ".join(str(value) for value in row) for row in rows)
