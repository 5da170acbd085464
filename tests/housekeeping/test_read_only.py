"""SCAPI_READ_ONLY: no request and no command writes a row or a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scapi.cli import cli
from scapi.database import db
from tests import files
from tests.client import CHUNK, COMPLETE, chunk_form, md5
from tests.conftest import token
from tests.running import settings_of

API = "/api/v2/"
MEDIA = f"{API}media/"
PHOTO = files.jpeg()


@pytest.fixture
def pair(make_app: Callable[..., Flask], database: str, new_database: Callable[[str], str]) -> tuple[Flask, Flask]:
    """Two applications on one database: one that writes, and one that is read-only."""
    url = new_database(database)
    return make_app(SCAPI_DATABASE_URL=url), make_app(SCAPI_DATABASE_URL=url, SCAPI_READ_ONLY=True)


def kept(app: Flask) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return all rows and all files of an application."""
    with app.app_context():
        rows = {table.name: db.session.execute(select(table)).all() for table in db.metadata.sorted_tables}
        db.session.rollback()
    folder = Path(settings_of(app).data_dir)
    found = [path for name in ("files", "parts") for path in (folder / name).rglob("*") if path.is_file()]
    return rows, {str(path): path.read_bytes() for path in found}


def test_no_request_writes(pair: tuple[Flask, Flask]) -> None:
    app, read_only = pair
    client = app.test_client()
    sent = client.post(CHUNK, **chunk_form(PHOTO)).get_json()
    media = client.post(COMPLETE, data={"upload_id": sent["upload_id"], "md5": md5(PHOTO)}).get_json()
    client.post(f"{API}tag/", json={"name": "Gita"}, headers=token(1, admin=True))
    app.extensions["scapi.settler"].stop()
    app.extensions["scapi.renditions"].stop()
    before = kept(app)
    asked = read_only.test_client()
    paths = [MEDIA, f"{MEDIA}{media['id']}/", f"{API}tag/", f"{API}tag/1/", media["url"], "/readyz", "/"]
    for path in paths:
        for method in ("HEAD", "GET", "OPTIONS"):
            answer = asked.open(path, method=method, headers=token(1, admin=True))
            assert answer.status_code < 300 or answer.status_code == 405, (method, path, answer.text)
            answer.close()
    for rule in read_only.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            known = {"id": media["id"], "upload_id": sent["upload_id"]}
            with read_only.test_request_context():
                path = rule.build({name: known.get(name, 1) for name in rule.arguments})[1]
            answer = asked.open(path, method=method, headers=token(1, admin=True))
            assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (503, "read_only"), (method, path)
            assert int(answer.headers["Retry-After"]) > 0
    assert kept(app) == before


COMMANDS = (
    "media clean",
    "media delete 1",
    "previews refresh",
    "sweep",
    "thumbnails refresh",
    "users purge 1",
    "webhooks deliver",
    "webhooks retry",
)


def test_no_command_writes(pair: tuple[Flask, Flask]) -> None:
    app, read_only = pair
    before = kept(app)
    with read_only.app_context():
        for line in COMMANDS:
            done = read_only.test_cli_runner().invoke(cli, line.split())
            assert (done.exit_code, "nothing is changed" in done.stderr) == (1, True), (line, done.output)
        for line in ("check --bytes", "housekeeping --once", *(f"{line} --dry-run --json" for line in COMMANDS[2:])):
            done = read_only.test_cli_runner().invoke(cli, line.split())
            assert done.exit_code == 0, (line, done.output)
        read_only.test_cli_runner().invoke(cli, ["doctor"])
    assert kept(app) == before
