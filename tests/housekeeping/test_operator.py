"""What an operator types beside moves and checks: media, users, thumbnails, doctor; and read-only mode."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from scapi.cli import cli
from scapi.database import db, now
from scapi.housekeeping.sweeps import Sweep
from scapi.media.models import MediaFile, Role
from tests import files, servers
from tests.client import CHUNK, COMPLETE, chunk_form, md5
from tests.conftest import token

MEDIA = "/api/v2/media/"
PHOTO = files.jpeg()


def upload(app: Flask, user: int | None = None, content: bytes = PHOTO) -> dict[str, Any]:
    client, mine = app.test_client(), token(user) if user is not None else {}
    sent = client.post(CHUNK, **chunk_form(content), headers=mine).get_json()
    form = {"upload_id": sent["upload_id"], "md5": md5(content)}
    media: dict[str, Any] = client.post(COMPLETE, data=form, headers=mine).get_json()
    return media


def run(app: Flask, *arguments: str, code: int = 0) -> str:
    done = app.test_cli_runner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def test_media_are_listed_shown_and_deleted(app: Flask) -> None:
    nobodys, mine = upload(app), upload(app, 7)
    listed = json.loads(run(app, "media", "list", "--json"))
    assert [(one["id"], one["user_id"]) for one in listed] == [(mine["id"], 7), (nobodys["id"], None)]
    assert f"{mine['id']}  " in run(app, "media", "list", "--user", "7")
    found = json.loads(run(app, "media", "list", "--md5", md5(PHOTO), "--user", "none", "--json"))
    assert [one["id"] for one in found] == [nobodys["id"]]
    shown = json.loads(run(app, "media", "show", str(mine["id"]), "--json"))
    assert {file["role"] for file in shown["files"]} == {"file", "thumbnail"}
    assert shown["files"][0]["md5_sent"] == md5(PHOTO)
    path = "/media/" + mine["url"].partition("/media/")[2]
    assert path in run(app, "media", "delete", str(mine["id"]), "--dry-run")
    assert app.test_client().get(path).status_code == 200
    assert path in run(app, "media", "delete", str(mine["id"]))
    assert app.test_client().get(path).status_code == 404
    run(app, "media", "delete", str(mine["id"]), code=1)


def test_a_user_is_purged(app: Flask) -> None:
    for _ in range(3):
        upload(app, 7)
    kept = upload(app, 8)
    unfinished = app.test_client().post(CHUNK, **chunk_form(PHOTO), headers=token(7)).get_json()["upload_id"]
    usage = json.loads(run(app, "users", "usage", "--json"))
    assert [(one["user_id"], one["media"]) for one in usage] == [(7, 3), (8, 1)]
    assert run(app, "users", "purge", "7", "--dry-run") == "would delete 3 media and 1 unfinished uploads\n"
    assert run(app, "users", "purge", "7") == "deleted 3 media and 1 unfinished uploads\n"
    assert run(app, "users", "usage", "--user", "7") == ""
    gone = app.test_client().get(f"{MEDIA}upload/{unfinished}/", headers=token(7))
    assert gone.status_code == 404
    assert app.test_client().get(f"{MEDIA}{kept['id']}/").status_code == 200


def test_lost_thumbnails_are_made_again(app: Flask) -> None:
    media = upload(app)
    row = db.session.scalars(select(MediaFile).where(MediaFile.role == Role.THUMBNAIL)).one()
    path = Path(app.extensions["scapi.settings"].data_dir, "files", row.key)
    before = path.read_bytes()
    path.unlink()
    run(app, "check", "--fix", "--expect", "1")
    assert run(app, "thumbnails", "refresh", "--dry-run") == "would make 1 pictures\n"
    assert run(app, "thumbnails", "refresh") == "made 1 pictures; 0 failed\n"
    assert path.read_bytes() == before
    url = media["image_thumbnail"]["url"]
    assert app.test_client().get("/media/" + url.partition("/media/")[2]).status_code == 200
    assert run(app, "thumbnails", "refresh") == "made 0 pictures; 0 failed\n"


def test_nothing_is_written_while_read_only(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_READ_ONLY=True)
    client = app.test_client()
    for method, path in (("POST", CHUNK), ("POST", COMPLETE), ("DELETE", f"{MEDIA}1/"), ("PATCH", "/api/v2/tag/1/")):
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (503, "read_only")
        assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/api/v2/tag/").status_code == 200
    assert client.options(CHUNK).status_code == 200
    assert client.get("/readyz").status_code == 200
    with app.app_context():
        run(app, "sweep", code=1)
        run(app, "housekeeping", "--once")
        assert db.session.scalar(select(Sweep.last_at)) is None


def findings(app: Flask, code: int) -> dict[str, dict[str, Any]]:
    return {said["name"]: said for said in json.loads(run(app, "doctor", "--json", code=code))}


def test_the_doctor_says_what_is_wrong_and_what_mends_it(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_JWT_SECRET="a" * 40, SCAPI_READ_ONLY=True, SCAPI_PUBLIC_URL="http://127.0.0.1:9")
    with app.app_context():
        said = findings(app, 1)
        wrong = {name for name, one in said.items() if not one["ok"]}
        assert wrong >= {"token secret", "sweeper", "read-only", "public URL"}
        assert all(said[name]["why"] and said[name]["mend"] for name in wrong)
        assert said["schema"]["ok"]
        assert said["storage local: rights"]["ok"]
        db.session.execute(update(Sweep).values(last_at=now()))
        db.session.rollback()


def test_the_doctor_looks_at_a_bucket(
    make_app: Callable[..., Flask], moto: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.environment().items():
        monkeypatch.setenv(name, value)
    with make_app(**moto.settings(SCAPI_S3_PREFIX=f"doctor{os.getpid()}/")).app_context() as context:
        said = findings(context.app, 1)
        assert said["storage s3: rights"]["ok"], said
        assert said["storage s3: clock"]["ok"]
        assert "put-bucket-cors" in said["storage s3: CORS"]["mend"]
        assert "put-bucket-lifecycle-configuration" in said["storage s3: lifecycle"]["mend"]
