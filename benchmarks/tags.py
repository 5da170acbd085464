"""How quick tags are among 100,000: python -m benchmarks.tags [sqlite|postgresql]

Times whole requests inside one process, without a network, prints the median of each in milliseconds and as a multiple
of the first page's, and the query plans.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, insert, text

from config import Config
from scapi import create_app
from scapi.extensions import db
from scapi.tags.models import Tag
from scapi.tags.rows import columns_of
from tests import databases
from tests.running import SECRET

TAGS = 100_000
FEW, MANY = 7, TAGS // 2
"""How many tags the two search terms find."""

REPEATS = 15

WORDS = "music travel food garden history science football cinema theatre poetry Ελλάδα القاهرة İstanbul Straße"

REQUESTS = {
    "first page": "/tag/",
    "offset 90,000": "/tag/?offset=90000",
    "offset 90,000, by name": "/tag/?offset=90000&ordering=name",
    "offset 40,000, active": "/tag/?offset=40000&active=true",
    f"search, {FEW} hits": "/tag/?search=needle",
    f"search, {MANY:,} hits": "/tag/?search=common",
    f"search, {MANY:,} hits, offset 40,000": "/tag/?search=common&offset=40000",
    "search, no hits": "/tag/?search=nothing like it",
    "search, 2 characters": "/tag/?search=qz",
    "one tag": "/tag/50000/",
}


@contextmanager
def application(url: str, folder: Path) -> Iterator[Flask]:
    """Yield an application on the database at `url`, in its context, with all tags in it."""
    settings = {"SCAPI_DATABASE_URL": url, "SCAPI_DATA_DIR": str(folder), "SCAPI_JWT_SECRET": SECRET}
    app = create_app(type("BenchmarkConfig", (Config,), settings))
    with app.app_context():
        began = time.perf_counter()
        fill()
        print(f"{TAGS:,} tags inserted in {time.perf_counter() - began:.1f} s")
        yield app
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def fill() -> None:
    """Insert the tags."""
    chance = random.Random(1)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    rows = []
    for number in range(TAGS):
        words = chance.choices(WORDS.split(), k=12)
        words += ["common"] if number % 2 else []
        words += ["needle"] if number % (TAGS // FEW) == 1 else []
        chance.shuffle(words)
        fields = {"name": f"{words[0]} {chance.randrange(10**9)}-{number}", "description": " ".join(words)}
        moment = began + timedelta(seconds=number)
        rows.append({**columns_of(fields), "created_at": moment, "active": number % 10 != 0})
    db.session.execute(insert(Tag), rows)
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))  # as PostgreSQL does by itself after a while
        connection.execute(text("ANALYZE"))


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Yield a list that the statements sent meanwhile come into."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def plan(statement: str, parameters: Any) -> str:
    """Return the database's plan of a statement."""
    sqlite = db.engine.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN (COSTS OFF) "
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
    return "\n".join("      " + (row[3] if sqlite else row[0]) for row in rows)


def measure(app: Flask) -> None:
    """Print the table and the plans."""
    client = app.test_client()
    plans, first = [], None
    for name, path in REQUESTS.items():
        times = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            answer = client.get("/api/v2" + path)
            times.append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, answer.text
        median = statistics.median(times)
        first = first or median
        with statements() as sent:
            client.get("/api/v2" + path)
        print(f"  {name:40} {median:8.1f} ms  {median / first:6.1f} x  {len(sent)} queries")
        plans.append(f"\n  {name}\n" + "\n      --\n".join(plan(*query) for query in sent))
    print(*plans, sep="\n")


def main() -> None:
    """Run on the database named, or on both."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg")))
        for kind in sys.argv[1:] or ("sqlite", "postgresql"):
            print(f"\n{kind}")
            if kind == "sqlite":
                url = databases.SQLite(folder).create()
            else:
                url = stack.enter_context(databases.postgresql(folder / "server")).create()
            with application(url, folder) as app:
                measure(app)


if __name__ == "__main__":
    main()
