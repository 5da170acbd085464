"""`scapi check` on local files: what it finds, what it repairs, and when it refuses."""

import json
import os
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scapi.cli import cli
from scapi.database import db
from scapi.housekeeping import notes
from scapi.housekeeping.check import scan
from scapi.housekeeping.check.marker import KEY
from scapi.media.models import MediaFile
from scapi.storage import storage
from storage_backends import Unavailable
from tests import files
from tests.client import CHUNK, COMPLETE, chunk_form, md5
from tests.running import settings_of

PHOTO = files.jpeg()
OLD = 3 * 24 * 3600


@pytest.fixture
def community(app: Flask) -> Flask:
    """An application with five images, ten files."""
    for _ in range(5):
        upload(app)
    return app


def upload(app: Flask) -> dict[str, Any]:
    client = app.test_client()
    sent = client.post(CHUNK, **chunk_form(PHOTO)).get_json()
    answer = client.post(COMPLETE, data={"upload_id": sent["upload_id"], "md5": md5(PHOTO)})
    assert answer.status_code == 201, answer.text
    media: dict[str, Any] = answer.get_json()
    return media


def check(app: Flask, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command; return its exit code and its output."""
    done = app.test_cli_runner().invoke(cli, ["check", "--json", *options], catch_exceptions=False)
    said: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, said


def path(app: Flask, key: str) -> Path:
    return Path(settings_of(app).data_dir) / "files" / key


def row_of(media: dict[str, Any]) -> MediaFile:
    found = db.session.scalars(select(MediaFile).where(MediaFile.media_id == media["id"]).order_by(MediaFile.id))
    return next(iter(found))


def orphan(app: Flask, key: str = "aa/orphan", age: float = OLD) -> Path:
    storage.save(key, BytesIO(b"nobody's"), "image/png")
    file = path(app, key)
    os.utime(file, (time.time() - age,) * 2)
    return file


def test_all_is_well(community: Flask) -> None:
    code, said = check(community, "--bytes")
    assert code == 0
    assert (said["rows"], said["objects"], said["read"], said["findings"]) == (10, 10, 10, [])


def test_a_lost_file_is_marked_and_found_again(community: Flask) -> None:
    media = upload(community)
    row = row_of(media)
    kept = path(community, row.key).read_bytes()
    path(community, row.key).unlink()
    code, said = check(community)
    assert (code, said["lost"], said["findings"][0]["key"]) == (1, 1, row.key)
    url = media["url"].removeprefix("http://localhost")
    assert community.test_client().get(url).status_code == 404
    code, said = check(community, "--fix", "--expect", "1")
    assert (code, said["mended"]) == (0, 1)
    answer = community.test_client().get(url)
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (410, "file_lost")
    path(community, row.key).write_bytes(kept)
    assert check(community)[1]["found_again"] == 1
    assert community.test_client().get(url).status_code == 200


def test_orphans_go_when_they_are_old(community: Flask) -> None:
    old, young = orphan(community), orphan(community, "bb/orphan", age=3600)
    code, said = check(community)
    assert (code, [found["key"] for found in said["findings"]]) == (1, ["aa/orphan"])
    assert check(community, "--fix", "--expect", "1")[0] == 0
    assert (old.exists(), young.exists()) == (False, True)
    assert check(community, "--fix", "--expect", "1", "--orphans-older-than", "0")[0] == 0
    assert not young.exists()
    assert check(community, "--orphans-older-than", "0")[0] == 0  # the marker in the storage is not an orphan


def test_the_file_of_an_upload_under_way_is_no_orphan(community: Flask) -> None:
    sent = community.test_client().post(CHUNK, **chunk_form(PHOTO)).get_json()
    storage.save(f"{sent['upload_id'][:2]}/{sent['upload_id']}", BytesIO(PHOTO), "image/jpeg")
    assert check(community, "--orphans-older-than", "0")[1]["orphan"] == 0


def test_damage_is_told_and_nothing_else(community: Flask) -> None:
    rows = list(db.session.scalars(select(MediaFile).order_by(MediaFile.key)))
    path(community, rows[0].key).write_bytes(b"shorter")
    changed = bytearray(path(community, rows[1].key).read_bytes())
    changed[-1] ^= 1
    path(community, rows[1].key).write_bytes(changed)
    assert check(community)[1]["damaged"] == 1
    code, said = check(community, "--bytes", "--fix")
    assert (code, said["damaged"]) == (1, 2)
    assert path(community, rows[1].key).read_bytes() == changed


@pytest.mark.parametrize("why", ["many lost", "many orphans", "empty", "another's"])
def test_it_refuses_what_is_not_likely(community: Flask, why: str) -> None:
    keys = list(db.session.scalars(select(MediaFile.key)))
    if why == "many lost":
        path(community, keys[0]).unlink()
    elif why == "many orphans":
        orphan(community)
    elif why == "empty":
        for key in keys:
            path(community, key).unlink()
    else:
        storage.save(KEY, BytesIO(b"0" * 32), "text/plain")
        orphan(community)
    code, said = check(community, "--fix")
    assert code == 1
    assert said["objections"]
    assert said["mended"] == 0
    assert check(community, "--fix", "--expect", "3")[1]["objections"]
    wanted = str(said["lost"] + said["orphan"])
    assert check(community, "--fix", "--expect", wanted)[0] == 0


def test_a_database_that_names_no_file_of_a_storage_is_the_wrong_one(
    community: Flask, make_app: Callable[..., Flask]
) -> None:
    with make_app().app_context() as context:  # another database, the same folder
        code, said = check(context.app)
        assert (code, said["unknown"], said["orphan"]) == (1, ["local"], 0)  # the files are young
        code, said = check(context.app, "--fix")
        assert (code, said["mended"], len(said["objections"])) == (1, 0, 1)
        assert check(context.app, "--fix", "--expect", "7", "--orphans-older-than", "0")[1]["mended"] == 0
    assert check(community, "--fix", "--bytes")[0] == 0
    assert path(community, KEY).read_text() == notes.database_id()
    with make_app().app_context() as context:
        code, said = check(context.app, "--fix")
        assert (code, said["anothers"], said["mended"]) == (1, ["local"], 0)


def test_an_empty_database_beside_an_empty_storage_is_well(app: Flask) -> None:
    assert check(app, "--fix")[0] == 0


def test_a_dry_run_changes_nothing(community: Flask) -> None:
    old = orphan(community)
    code, said = check(community, "--fix", "--dry-run")
    assert (code, len(said["objections"])) == (1, 1)
    code, said = check(community, "--fix", "--dry-run", "--expect", "1")
    assert (code, said["objections"], said["mended"]) == (1, [], 0)
    assert old.exists()


def test_a_storage_that_does_not_answer_marks_nothing(community: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    path(community, next(iter(db.session.scalars(select(MediaFile.key))))).unlink()

    def away(_key: str) -> int:
        raise Unavailable("the network is down")

    monkeypatch.setattr(community.extensions["scapi.storages"]["local"], "size", away)
    done = community.test_cli_runner().invoke(cli, ["check", "--fix", "--expect", "1"])
    assert done.exit_code == os.EX_TEMPFAIL
    assert db.session.scalar(select(func.count()).where(MediaFile.lost_at.is_not(None))) == 0


def test_reading_goes_on_where_it_was_stopped(community: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "NOTE_EVERY", 1)
    read: list[str] = []
    original = scan.md5_of

    def stops(storage: Any, key: str, size: int) -> str | None:
        read.append(key)
        if len(read) == 6:
            raise KeyboardInterrupt
        return original(storage, key, size)

    monkeypatch.setattr(scan, "md5_of", stops)
    community.test_cli_runner().invoke(cli, ["check", "--bytes", "--jobs", "1"])
    assert notes.read(scan.PROGRESS) is not None
    monkeypatch.setattr(scan, "md5_of", original)
    code, said = check(community, "--bytes")
    assert code == 0
    assert 0 < said["read"] < 10
    assert check(community, "--bytes")[1]["read"] == 10


def test_files_of_before_get_their_md5(community: Flask, make_app: Callable[..., Flask]) -> None:
    row = row_of(upload(community))
    row.md5_served = None
    db.session.commit()
    assert check(community, "--bytes", "--fix")[0] == 0
    assert row.md5_served == md5(path(community, row.key).read_bytes())
