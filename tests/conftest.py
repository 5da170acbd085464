"""Fixtures that every test may use: databases, a running server, tokens."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from config import Config
from scapi import auth, create_app
from scapi.extensions import db
from tests import databases, running
from tests.running import SECRET, Server

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[databases.PostgreSQL]:
    """A PostgreSQL server."""
    # a socket's path may have about 100 characters, which pytest's own folders exceed
    with tempfile.TemporaryDirectory(prefix="pg") as folder, databases.postgresql(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> databases.SQLite:
    """A maker of SQLite databases."""
    return databases.SQLite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """A function that makes a migrated database of a kind (one of DATABASES) and returns its URL."""
    return lambda kind: request.getfixturevalue(kind).create()


@pytest.fixture(scope="session", params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database: a test that uses it, or a server, runs once on each."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def server(
    database: str, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A running scapi on local disk, shared by all tests that can live with each other's data."""
    with running.scapi(tmp_path_factory.mktemp("server"), SCAPI_DATABASE_URL=new_database(database)) as server:
        yield server


@pytest.fixture
def make_app(database: str, new_database: Callable[[str], str], tmp_path: Path) -> Callable[..., Flask]:
    """A function that makes an application in this process, on a database of its own, with the settings given."""

    def make(**settings: object) -> Flask:
        chosen = {
            "SCAPI_DATA_DIR": str(tmp_path / "data"),
            "SCAPI_DATABASE_URL": new_database(database),
            "SCAPI_JWT_SECRET": SECRET,
            **settings,
        }
        return create_app(type("TestConfig", (Config,), chosen))

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """An application in this process, inside its context, for what cannot be seen over HTTP."""
    app = make_app()
    with app.app_context():
        yield app
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def token(user_id: int) -> dict[str, str]:
    """Return the header that says who is asking."""
    return {"Authorization": f"Bearer {auth.make_token(user_id, SECRET, timedelta(hours=1))}"}
