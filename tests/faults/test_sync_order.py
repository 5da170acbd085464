"""The order of syncs, so that a power cut destroys nothing that was acknowledged."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from scapi.database import UPLOADS_BIND, db
from scapi.media import settling
from scapi.uploads.rows import Driver
from storage_backends.local import backend as local_backend
from tests import files
from tests.client import CHUNK, COMPLETE, chunk_form, md5

PHOTO = files.jpeg()


@pytest.fixture
def happened(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events in order: syncs and renames of upload files by folder, and commits by engine."""
    seen: list[str] = []

    def record(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(target: Any, *rest: Any, **options: Any) -> Any:
            path = Path(f"/proc/self/fd/{target}").readlink() if isinstance(target, int) else Path(target)
            seen.append(f"{name} {'folder' if path.is_dir() else 'file'} {path.parts[path.parts.index('data') + 1]}")
            return call(target, *rest, **options)

        return recorded

    for name in ("fsync", "fdatasync", "rename"):
        monkeypatch.setattr(os, name, record(name, getattr(os, name)))
    event.listen(db.engine, "commit", lambda _connection: seen.append("commit"))
    statements = db.engines[UPLOADS_BIND]
    event.listen(statements, "after_cursor_execute", lambda *about: seen.append(about[2].split()[0].lower()))
    execute = Driver._execute

    def executed(self: Driver, form: Any, values: Any) -> None:
        execute(self, form, values)
        seen.append(form.text.split()[0].lower())

    monkeypatch.setattr(Driver, "_execute", executed)
    return seen


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Postpone the syncs after the answer."""
    monkeypatch.setattr(settling, "settle_soon", lambda _media: None)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the files are on a file system that other machines may write, too."""
    monkeypatch.setattr(local_backend, "boot_id", lambda _folder: None)


@pytest.mark.usefixtures("shared")
def test_a_chunk_in_a_shared_folder_is_synced_before_its_row(app: Flask, happened: list[str]) -> None:
    _chunk(app, PHOTO[:100], 0)
    assert happened[-2:] == ["fdatasync file parts", "insert"]
    upload_id = _chunk(app, PHOTO[:100], 0)
    happened.clear()
    _chunk(app, PHOTO[100:], 100, upload_id)
    assert happened == ["select", "fdatasync file parts", "update"]


def test_the_bytes_of_some_megabytes_are_synced_before_a_row_counts_on_them(
    app: Flask, happened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_backend, "SYNC_EVERY", 200)
    upload_id = _chunk(app, PHOTO[:100], 0)
    assert happened[-2:] == ["fsync folder parts", "insert"]
    happened.clear()
    _chunk(app, PHOTO[100:199], 100, upload_id)
    assert happened == ["select", "update"]
    happened.clear()
    _chunk(app, PHOTO[199:200], 199, upload_id)
    assert happened == ["select", "fdatasync file parts", "update"]


def test_a_file_and_its_name_are_synced_before_the_media_is_committed(app: Flask, happened: list[str]) -> None:
    upload_id = _chunk(app, PHOTO[:100], 0)
    _chunk(app, PHOTO[100:], 100, upload_id)
    happened.clear()
    fields = {"upload_id": upload_id, "md5": md5(PHOTO)}
    assert app.test_client().post(COMPLETE, data=fields).status_code == 201
    shard = "fsync folder files"  # the first file of a shard creates its folder, which is synced, too
    assert [step for step in happened if step != "select"] == [
        "commit",  # the claim: from now on no power cut may undo the row of a finished file
        *("fdatasync file parts", shard, "rename file parts", "fsync folder files"),
        "rename file parts",  # the thumbnail, which can be made again
        "commit",
    ]


def test_a_file_without_its_metadata_is_synced_before_the_media_is_committed(app: Flask, happened: list[str]) -> None:
    photo = files.jpeg(gps=True)
    answer = app.test_client().post(CHUNK, **chunk_form(photo, ""))
    happened.clear()
    fields = {"upload_id": answer.json["upload_id"], "md5": md5(photo)}
    assert app.test_client().post(COMPLETE, data=fields).status_code == 201
    last = len(happened) - 1 - happened[::-1].index("commit")
    synced = ["fdatasync file parts", "rename file parts", "fsync folder files"]
    steps = [step for step in happened[:last] if step not in ("select", "commit", "fsync folder parts")]
    assert steps[-4:-1] == synced
    assert steps[-1] == "rename file parts"  # the thumbnail


def test_a_row_is_deleted_before_its_files(app: Flask, happened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = _chunk(app, PHOTO, 0)
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path, **options: (happened.append("unlink"), unlink(path, **options)))
    happened.clear()
    assert app.test_client().delete(f"/api/v2/media/upload/{upload_id}/").status_code == 204
    assert happened.index("commit") < happened.index("unlink")


def _chunk(app: Flask, data: bytes, start: int, upload_id: str = "") -> str:
    """Post a chunk of the photo and return the upload's id."""
    form = chunk_form(data, upload_id)
    headers = {"Content-Range": f"bytes {start}-{start + len(data) - 1}/{len(PHOTO)}"}
    answer = app.test_client().post(CHUNK, **form, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    found: str = answer.json["upload_id"]
    return found
