"""While the service is read-only, no request of a client writes a row or a file."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from scapi.database import db
from scapi.media.models import MediaFile, Role
from tests import files
from tests.client import CHUNK, COMPLETE, md5
from tests.conftest import token
from tests.http import providers
from tests.http.providers import AUDIENCE, ISSUER, signed
from tests.running import settings_of
from tests.tus.speaking import STREAM, TUS

MEDIA = "/api/v2/media/"
PHOTO = files.jpeg()
RESUMABLE = {"Tus-Resumable": "1.0.0"}
NEW = {"Authorization": f"Bearer {signed(sub='new')}"}


@pytest.fixture(scope="module")
def login() -> Iterator[dict[str, Any]]:
    """The settings of a login provider."""
    with providers.serving() as provider:
        yield {"SCAPI_JWT_JWKS": provider.url, "SCAPI_JWT_ISSUER": ISSUER, "SCAPI_JWT_AUDIENCE": AUDIENCE}


def rows(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    with app.app_context():
        found = {
            table.name: [tuple(row) for row in db.session.execute(select(table))] for table in db.metadata.sorted_tables
        }
        db.session.rollback()
    return found


def stored(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in sorted(folder.rglob("*")) if file.is_file()}


def chunk(client: FlaskClient, data: bytes = PHOTO, **headers: str) -> dict[str, Any]:
    answer = client.post(CHUNK, data={"image": (BytesIO(data), "photo.jpg")}, headers=headers)
    assert answer.status_code == 201
    return dict(answer.get_json())


def tus(client: FlaskClient, data: bytes, **headers: str) -> str:
    """Create an upload with some bytes and return its path."""
    sent = {**RESUMABLE, "Content-Type": STREAM, "Upload-Length": str(len(PHOTO))}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.post(TUS, data=data, headers=sent)
    assert answer.status_code == 201
    return answer.headers["Location"].removeprefix("http://localhost")


def test_reading_writes_nothing(make_app: Callable[..., Flask], login: dict[str, Any], tmp_path: Path) -> None:
    app = make_app(**login)
    client, url = app.test_client(), settings_of(app).database_url
    begun = chunk(client)["upload_id"]
    made = client.post(COMPLETE, json={"upload_id": chunk(client)["upload_id"], "md5": md5(PHOTO)}).get_json()
    part = tus(client, PHOTO, Upload_Concat="partial")
    app.extensions["scapi.settler"].stop()
    half = tus(client, PHOTO[:9])
    more = {"Via": "1.1 tests", "Upload-Complete": "?0"}
    resource = client.post(MEDIA, data=PHOTO[:9], headers=more).headers["Location"].removeprefix("http://localhost")

    reader = make_app(**login, SCAPI_DATABASE_URL=url, SCAPI_READ_ONLY=True)
    reading = reader.test_client()
    before, files_before = rows(reader), stored(tmp_path / "data")
    for who in ({}, token(7), NEW):
        answers = [
            reading.get(f"/api/v2/media/upload/{begun}/", headers=who),
            reading.head(half, headers={**RESUMABLE, **who}),
            reading.head(part, headers={**RESUMABLE, **who}),
            reading.head(resource, headers={**more, **who}),
            reading.get(f"{MEDIA}{made['id']}/", headers=who),
            reading.get(made["image"].removeprefix("http://localhost"), headers=who),
            reading.get("/api/v2/tag/", headers=who),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 204, 200, 200, 200]
        assert [answers[1].headers["Upload-Offset"], answers[3].headers["Upload-Offset"]] == ["9", "9"]
        for answer in answers:
            answer.close()
    assert reading.get(MEDIA, headers=NEW).get_json()["results"] == []
    assert reading.get(MEDIA, query_string={"user": "me"}, headers=NEW).get_json()["results"] == []
    assert rows(reader) == before
    assert stored(tmp_path / "data") == files_before


def test_what_was_not_made_yet_is_made_afterwards(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    client, url = app.test_client(), settings_of(app).database_url
    whole = tus(client, PHOTO)
    made = client.head(whole, headers=RESUMABLE).headers["Scapi-Media"].rstrip("/").rpartition("/")[2]
    thumbnail = client.get(f"{MEDIA}{made}/").get_json()["image_thumbnail"]["url"].removeprefix("http://localhost")
    app.extensions["scapi.settler"].stop()
    with app.app_context():
        row = db.session.scalar(select(MediaFile).where(MediaFile.role == Role.THUMBNAIL))
        assert row is not None
        row.unsettled_since = row.media.added_at
        app.extensions["scapi.storages"][row.storage].delete(row.key)
        db.session.commit()
    reading = make_app(SCAPI_DATABASE_URL=url, SCAPI_READ_ONLY=True).test_client()
    assert reading.get(thumbnail).status_code == 503
    assert reading.get(thumbnail).get_json()["errors"][0]["code"] == "read_only"
    assert reading.head(whole, headers=RESUMABLE).headers["Scapi-Media"]
    with client.get(thumbnail) as answer:
        assert answer.status_code == 200
