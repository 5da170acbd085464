"""An upload during which the machine stopped or the disk failed: bytes that survived count, lost bytes do not."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from scapi.uploads import md5 as carried
from scapi.uploads import rows
from scapi.uploads.rules import key_of
from storage_backends import CheckedBackend
from storage_backends.local import backend as local_backend
from tests import files
from tests.client import CHUNK, COMPLETE, chunk_form, md5
from tests.running import settings_of

PAPER = files.pdf(1, size=3000)
SYNCED, LAST, SENT = len(PAPER) - 900, len(PAPER) - 500, len(PAPER) - 100
"""The ends of the synced chunks, of all but the last chunk, and of all chunks: the rest is too small to be synced."""


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The boot id for new applications, and the number of bytes between syncs."""
    names = ["before"]
    monkeypatch.setattr(local_backend, "boot_id", lambda _folder: names[-1])
    monkeypatch.setattr(local_backend, "SYNC_EVERY", SYNCED)
    return names


@pytest.fixture
def app(app: Flask, boot: list[str]) -> Flask:
    return app


@pytest.fixture
def upload_id(app: Flask) -> str:
    """An upload of three chunks, the first of them synced."""
    answer = send(app, 0, SYNCED)
    assert answer.json is not None
    found: str = answer.json["upload_id"]
    assert send(app, SYNCED, LAST, found).status_code == 201
    assert send(app, LAST, SENT, found).status_code == 201
    return found


@pytest.fixture
def part(app: Flask, upload_id: str) -> Path:
    """The file with its bytes."""
    return Path(settings_of(app).data_dir, "parts", key_of(upload_id))


@pytest.fixture
def restart(app: Flask, boot: list[str]) -> Callable[[], None]:
    """Return a function that pretends a restart of the machine."""

    def again() -> None:
        boot.append(f"after {boot[-1]}")
        backend = CheckedBackend.from_settings(settings_of(app).by_name())
        app.extensions["scapi.storages"] = {"local": backend}

    return again


def send(app: Flask, start: int, end: int, upload_id: str = "", data: bytes = PAPER) -> TestResponse:
    form = chunk_form(data[start:end], upload_id)
    headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(PAPER)}"}
    return app.test_client().post(CHUNK, **form, headers=headers)


def offset(app: Flask, upload_id: str) -> str:
    answer = app.test_client().get(f"/api/v2/media/upload/{upload_id}/")
    assert answer.json is not None
    found: str = answer.json["offset"]
    return found


def finish(app: Flask, upload_id: str) -> TestResponse:
    return app.test_client().post(COMPLETE, data={"upload_id": upload_id, "md5": md5(PAPER)})


def is_refused(answer: TestResponse, status: int, code: str, at: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert (answer.json["errors"][0]["code"], answer.json["offset"]) == (code, at)


def zero(part: Path) -> None:
    """Replace the bytes of the last chunk by zeros, as a file system may do."""
    with part.open("r+b") as file:
        file.seek(LAST)
        file.write(bytes(SENT - LAST))


def shorten(part: Path) -> None:
    """Shorten the file."""
    os.truncate(part, SYNCED + 200)


LOSSES = pytest.mark.parametrize("lose", [zero, shorten])


def test_what_is_still_there_after_a_restart_counts(app: Flask, upload_id: str, restart: Callable[[], None]) -> None:
    restart()
    assert offset(app, upload_id) == str(SENT)
    assert send(app, SENT, len(PAPER), upload_id).status_code == 201
    assert finish(app, upload_id).status_code == 201


def test_the_next_chunk_may_be_the_first_to_find_it(app: Flask, upload_id: str, restart: Callable[[], None]) -> None:
    restart()
    assert send(app, SENT, len(PAPER), upload_id).status_code == 201
    restart()
    assert finish(app, upload_id).status_code == 201


def test_a_chunk_may_come_again_after_a_restart(app: Flask, upload_id: str, restart: Callable[[], None]) -> None:
    restart()
    assert send(app, LAST, SENT, upload_id).status_code == 201
    assert offset(app, upload_id) == str(SENT)


@LOSSES
def test_what_was_lost_is_asked_for_again(
    app: Flask, upload_id: str, part: Path, restart: Callable[[], None], lose: Callable[[Path], None]
) -> None:
    lose(part)
    restart()
    is_refused(send(app, SENT, len(PAPER), upload_id), 409, "offset_mismatch", str(SYNCED))
    assert offset(app, upload_id) == str(SYNCED)
    assert send(app, SYNCED, SENT, upload_id).status_code == 201
    assert send(app, SENT, len(PAPER), upload_id).status_code == 201
    answer = finish(app, upload_id)
    assert answer.status_code == 201
    assert answer.json is not None
    with app.test_client().get(answer.json["url"]) as served:
        assert served.data == PAPER


@LOSSES
def test_a_file_that_has_lost_bytes_is_not_published(
    app: Flask, upload_id: str, part: Path, restart: Callable[[], None], lose: Callable[[Path], None]
) -> None:
    """All chunks had arrived before; then complete is sent."""
    assert send(app, SENT, len(PAPER), upload_id).status_code == 201
    lose(part)
    restart()
    is_refused(finish(app, upload_id), 409, "upload_incomplete", str(SYNCED))
    assert send(app, SYNCED, len(PAPER), upload_id).status_code == 201
    assert finish(app, upload_id).status_code == 201


@LOSSES
def test_a_chunk_that_was_lost_is_not_taken_for_a_repeat(
    app: Flask, upload_id: str, part: Path, restart: Callable[[], None], lose: Callable[[Path], None]
) -> None:
    lose(part)
    restart()
    is_refused(send(app, LAST, SENT, upload_id), 409, "offset_mismatch", str(SYNCED))
    upload = rows.find(upload_id)
    assert upload is not None
    assert upload.last_start == SYNCED
    assert upload.md5_before == upload.md5 == upload.md5_durable


def test_a_disk_that_failed_is_found_out_without_a_restart(
    app: Flask, upload_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed sync the answer is 503, and the same process requests the unsynced bytes again."""

    def fail(_fd: int) -> None:
        raise OSError(errno.EIO, "the disk has failed")

    assert send(app, SENT, len(PAPER), upload_id).status_code == 201
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        assert finish(app, upload_id).status_code == 503
    is_refused(finish(app, upload_id), 409, "upload_incomplete", str(SYNCED))
    assert send(app, SYNCED, len(PAPER), upload_id).status_code == 201
    assert finish(app, upload_id).status_code == 201


def test_a_completed_upload_is_not_doubted(app: Flask, upload_id: str, restart: Callable[[], None]) -> None:
    send(app, SENT, len(PAPER), upload_id)
    first = finish(app, upload_id)
    restart()
    assert finish(app, upload_id).json == first.json


def test_a_doubtful_upload_can_be_aborted(app: Flask, upload_id: str, part: Path, restart: Callable[[], None]) -> None:
    zero(part)
    restart()
    assert app.test_client().delete(f"/api/v2/media/upload/{upload_id}/").status_code == 204
    assert not part.exists()


def test_an_upload_whose_synced_bytes_are_gone_ends(
    app: Flask, upload_id: str, part: Path, restart: Callable[[], None]
) -> None:
    os.truncate(part, 10)
    restart()
    assert send(app, SENT, len(PAPER), upload_id).status_code == 410


def test_where_md5_cannot_be_carried_the_last_sync_counts(
    app: Flask, monkeypatch: pytest.MonkeyPatch, restart: Callable[[], None]
) -> None:
    """A chained hash cannot be compared across chunks: nothing is lost, but some bytes must be sent again."""
    monkeypatch.setattr(carried, "_libcrypto", None)
    answer = send(app, 0, SYNCED)
    assert answer.json is not None
    upload_id = answer.json["upload_id"]
    send(app, SYNCED, LAST, upload_id)
    send(app, LAST, SENT, upload_id)
    restart()
    is_refused(send(app, SENT, len(PAPER), upload_id), 409, "offset_mismatch", str(SYNCED))
    assert send(app, SYNCED, len(PAPER), upload_id).status_code == 201
    assert finish(app, upload_id).status_code == 201
