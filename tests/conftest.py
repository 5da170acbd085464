"""Fixtures that every test may use: databases, a running server, tokens."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from scapi import create_app
from scapi.database import db
from scapi.http import auth
from scapi.settings import read_settings
from tests import databases, documented, running, servers
from tests.browser import chromium
from tests.running import SECRET, Server

STORAGE = os.environ.get("SCAPI_TEST_STORAGE", "local")
"""Where the tests' common server keeps files: `local`, `moto` or `seaweed`."""

PLACES = {"sqlite-local": ("sqlite", "local"), "postgresql-seaweedfs": ("postgresql", "seaweed")}


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
    """A function that makes a migrated database of a kind (one of `databases.KINDS`) and returns its URL."""
    return lambda kind: request.getfixturevalue(kind).create()


@pytest.fixture(scope="session", params=databases.KINDS)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database: each test that uses it, or a server, runs once per kind."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session", params=PLACES.values(), ids=list(PLACES))
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of database and a storage: the embedded ones, and those for many hosts."""
    kinds: tuple[str, str] = request.param
    return kinds


@pytest.fixture(scope="session")
def server(
    database: str, settings_for: Callable[[str, str], dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A running scapi on STORAGE, shared by all tests that tolerate each other's data."""
    with running.scapi(tmp_path_factory.mktemp("server"), **settings_for(database, STORAGE)) as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[servers.Server]:
    """moto's S3 server, which is less strict than S3."""
    with servers.moto_server() as server:
        yield server


@pytest.fixture(scope="session")
def seaweed() -> Iterator[servers.Server]:
    """SeaweedFS, a real S3-compatible store."""
    with servers.seaweedfs() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; one process can have only one."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def settings_for(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], dict[str, str]]:
    """A function that returns the settings of a new, empty place, for any number of servers.

    It takes a kind of database and a storage: `local`, or the S3 server `moto` or `seaweed`.
    """

    def settings(database: str, storage: str) -> dict[str, str]:
        folder = tmp_path_factory.mktemp("place")
        chosen = {"SCAPI_DATABASE_URL": new_database(database), "SCAPI_DATA_DIR": str(folder)}
        if storage != "local":
            s3: servers.Server = request.getfixturevalue(storage)
            chosen |= s3.process_environment()
            chosen["SCAPI_S3_PREFIX"] = f"{folder.name}/"
        return chosen

    return settings


@pytest.fixture(scope="session")
def serve(
    settings_for: Callable[[str, str], dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[Server]]:
    """A function that serves scapi in a new place, a kind of database and a storage, with more settings."""

    def start(
        place: tuple[str, str], *, workers: int = 2, port: int | str | None = None, **more: str
    ) -> AbstractContextManager[Server]:
        settings = {**settings_for(*place), **more}
        return running.scapi(tmp_path_factory.mktemp("server"), workers=workers, port=port, **settings)

    return start


@contextmanager
def applications(maker: databases.SQLite | databases.PostgreSQL, data_dir: Path) -> Iterator[Callable[..., Flask]]:
    """Yield a function that makes an application in this process, on a database of its own, with the settings given."""
    made, own = [], []

    def make(**settings: object) -> Flask:
        if "SCAPI_DATABASE_URL" not in settings:
            own.append(maker.create())
            settings["SCAPI_DATABASE_URL"] = own[-1]
        chosen = {"SCAPI_DATA_DIR": str(data_dir), "SCAPI_JWT_SECRET": SECRET, **settings}
        made.append(create_app(read_settings(chosen)))
        made[-1].test_client_class = documented.Client
        return made[-1]

    yield make
    for app in made:
        app.extensions["scapi.settler"].stop()
        app.extensions["scapi.renditions"].stop()
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()
    for url in own:  # at once: then most of it is never written to disk
        maker.drop(url)


@pytest.fixture
def make_app(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """A function that makes an application in this process, on a database of its own, with the settings given."""
    with applications(request.getfixturevalue(database), tmp_path / "data") as make:
        yield make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """An application in this process, inside its context, for tests of what HTTP does not show."""
    app = make_app()
    with app.app_context():
        yield app
        db.session.remove()


def token(user_id: int, *, admin: bool = False) -> dict[str, str]:
    """Return the header with a token of the user."""
    return {"Authorization": f"Bearer {auth.make_token(user_id, SECRET, timedelta(hours=1), admin=admin)}"}
