"""The data of 0.1.0 keeps working: rows, files and unfinished uploads; and 0.1.0 can run beside the new version.

The archives in tests/database/old were written by 0.1.0's own code: see record.py there.
"""

import base64
import json
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from psycopg.types.json import Jsonb
from sqlalchemy import select, text

from scapi.database import db
from scapi.events.models import Delivery
from scapi.media.models import Media, MediaFile
from scapi.uploads.models import Upload
from tests import databases
from tests.client import CHUNK, COMPLETE
from tests.conftest import token

OLD = Path(__file__).parent / "old"
API = "/api/v2"
OTHERWISE = {"clicks", "choice_images"}
"""Fields of a media that differ: there are more clicks, and an empty list of images is [] instead of null."""

A_FAR_DAY = "2999-01-01 00:00:00.000000"


@dataclass
class Place:
    """A migrated database and data folder of 0.1.0, and the answers that its clients got."""

    url: str
    folder: Path
    story: dict[str, Any]


@pytest.fixture
def place(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The data of 0.1.0 after all migrations."""
    with tarfile.open(OLD / f"{database}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "data"
    story = json.loads((tmp_path / "story.json").read_text())
    later = f"UPDATE uploads SET expires_at = '{A_FAR_DAY}'"  # the archive is older than the lifetime of an upload
    if database == "sqlite":
        url = f"sqlite:///{folder}/scapi.sqlite3"
        with closing(sqlite3.connect(folder / "scapi.sqlite3")) as connection:
            connection.execute(later)
            connection.commit()
    else:
        server: databases.PostgreSQL = request.getfixturevalue("postgresql")
        url = server.create("template0")
        with psycopg.connect(_libpq(url), autocommit=True) as target:
            target.execute((tmp_path / "dump.sql").read_bytes())
            target.execute("SET search_path TO public")
            target.execute(later.encode())
    databases.migrate(url, folder)
    return Place(url, folder, story)


@pytest.fixture
def app(place: Place, make_app: Callable[..., Flask]) -> Flask:
    """The current version with the data of 0.1.0."""
    return make_app(
        SCAPI_DATABASE_URL=place.url,
        SCAPI_DATA_DIR=str(place.folder),
        SCAPI_WEBHOOK_URLS=[],
        SCAPI_ANONYMOUS_WRITES=True,
    )


def test_rows_and_files_are_as_their_clients_left_them(place: Place, app: Flask) -> None:
    client = app.test_client()
    for made in place.story["media"]:
        old, path = made["media"], f"{API}/media/{made['media']['id']}/"
        new = client.get(path, headers=_as(made["user"])).get_json()
        assert _is_within(old, new), (old, new)
        if "md5_sent" in made:
            with closing(client.get(old["url"].removeprefix("http://localhost"))) as file:
                assert (file.status_code, len(file.data)) == (200, old["size"])
    ids = [made["media"]["id"] for made in place.story["media"] if made["user"] == 7]
    listed = client.get(f"{API}/media/", headers=_as(7)).get_json()["results"]
    assert sorted(media["id"] for media in listed) == sorted(ids)
    admin = token(1, admin=True)
    tags = [client.get(f"{API}/tag/{tag['id']}/", headers=admin).get_json() for tag in place.story["tags"]]
    assert [tag["name"] for tag in tags] == ["Straße", "Čaj", "hidden"]
    found = client.get(f"{API}/tag/search/?search=strasse").get_json()["results"]
    assert [tag["name"] for tag in found] == ["Straße"]
    clicked = place.story["media"][0]["media"]["id"]
    assert client.get(f"{API}/media/{clicked}/").get_json()["clicks"] == 1
    _new_columns_say_what_was_true_before(app)


def _new_columns_say_what_was_true_before(app: Flask) -> None:
    with app.app_context():
        files = db.session.scalars(select(MediaFile)).all()
        assert {(file.storage, file.md5_sent, file.md5_served, file.lost_at, file.cleaned) for file in files} == {
            ("local", None, None, None, None)
        }
        assert {(row.storage, row.writer, row.crashes) for row in db.session.scalars(select(Upload))} == {
            ("local", 0, 0)
        }
        assert {row.preview_attempts for row in db.session.scalars(select(Media))} == {0}
        assert db.session.scalars(select(Delivery)).first()
        for table in ("oidc_users", "media_tags", "tus_uploads", "upload_resources"):
            assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_uploads_under_way_go_on_to_their_ends(place: Place, app: Flask) -> None:
    for name in ("new: 7", "new: None", "new: all bytes"):
        _go_on(place.story["uploads"][name], app)


def _go_on(upload: dict[str, Any], app: Flask) -> None:
    data, user, client = base64.b64decode(upload["data"]), upload["user"], app.test_client()
    said = client.get(f"{API}/media/upload/{upload['id']}/", headers=_as(user)).get_json()
    assert said["offset"] == str(upload["offset"])
    rest = data[upload["offset"] :]
    if rest:
        form = {"upload_id": upload["id"], "image": (BytesIO(rest), "a.jpg")}
        sent = {"Content-Range": f"bytes {upload['offset']}-{len(data) - 1}/{len(data)}", **_as(user)}
        assert client.post(CHUNK, data=form, headers=sent).status_code == 201
    digest = md5(data).hexdigest()
    answer = client.post(COMPLETE, data={"upload_id": upload["id"], "md5": digest}, headers=_as(user))
    assert answer.status_code == 201, answer.text
    with app.app_context():
        file = db.session.scalars(select(MediaFile).where(MediaFile.md5_sent == digest)).one()
        assert file.storage == "local"
        assert file.md5_served != digest  # the camera's name is gone
    if user is not None:
        found = client.get(f"{API}/media/?md5={digest}", headers=_as(user)).get_json()["results"]
        assert [media["id"] for media in found] == [answer.get_json()["id"]]


def test_statements_of_the_old_version_do_the_same_on_the_new_schema(place: Place, database: str, app: Flask) -> None:
    """A host of 0.1.0 goes on while others run this version: the migrated database answers it as before."""
    connect: Callable[[bool], Any] = _sqlite(place) if database == "sqlite" else _postgresql(place)
    with closing(connect(False)) as main, closing(connect(True)) as uploads:
        engines = {"main": main, "uploads": uploads}
        for step in place.story["beside"]:
            connection = engines[step["engine"]]
            if "end" in step:
                getattr(connection, step["end"])()
                continue
            with closing(connection.cursor()) as cursor:
                given = step["parameters"]
                several = isinstance(given, list) and any(_is_set(one) for one in given)
                (cursor.executemany if several else cursor.execute)(step["statement"], _read(given))
                assert cursor.rowcount == step["rows"], step["statement"]
                if cursor.description:
                    cursor.fetchall()
    client = app.test_client()
    listed = client.get(f"{API}/media/", headers=_as(7)).get_json()["results"]
    finished = {place.story["uploads"][name]["id"] for name in ("old: 7", "old: None", "old: all bytes")}
    with app.app_context():
        assert {media.upload_id for media in db.session.scalars(select(Media))} >= finished
        assert {file.storage for file in db.session.scalars(select(MediaFile))} == {"local"}
    assert len(listed) == 4  # user 7 had four, deleted two and made two


def _is_within(old: Any, new: Any) -> bool:
    """Return whether all fields of 0.1.0 are still there; there may be more."""
    if not isinstance(old, dict):
        return bool(old == new)
    return all(name in OTHERWISE or (name in new and _is_within(old[name], new[name])) for name in old)


def _as(user: int | None) -> dict[str, str]:
    return {} if user is None else token(user)


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def _sqlite(place: Place) -> Callable[[bool], Any]:
    def connect(autocommit: bool) -> Any:
        connection = sqlite3.connect(place.folder / "scapi.sqlite3", isolation_level=None if autocommit else "DEFERRED")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    return connect


def _postgresql(place: Place) -> Callable[[bool], Any]:
    return lambda autocommit: psycopg.connect(_libpq(place.url), autocommit=autocommit)


def _is_set(value: Any) -> bool:
    """Return whether a parameter is a set of parameters, one of several for the same statement."""
    return isinstance(value, list) or (isinstance(value, dict) and "dict" in value)


def _read(value: Any) -> Any:
    """Return a parameter in the form that the database's driver expects."""
    if isinstance(value, list):
        return [_read(one) for one in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    readers: dict[str, Callable[[Any], Any]] = {
        "bytes": base64.b64decode,
        "datetime": datetime.fromisoformat,
        "uuid": UUID,
        "json": Jsonb,
        "dict": lambda pairs: {name: _read(one) for name, one in pairs.items()},
    }
    return readers[kind](content)
