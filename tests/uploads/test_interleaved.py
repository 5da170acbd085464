"""Another request runs in the middle of one, at the worst moment: on purpose, not by chance.

On local disk a lock keeps writers apart; these tests check the other safeguards, which S3 and the sweeper need.
"""

import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from scapi.database import now
from scapi.media import claims
from scapi.storage import storage
from scapi.sweeping import Due
from scapi.uploads import ending, expiry, rows
from scapi.uploads.models import Status
from scapi.uploads.rules import key_of
from storage_backends import StorageBackend
from tests import files
from tests.client import CHUNK, COMPLETE, chunk_form, md5
from tests.running import settings_of

PHOTO = files.jpeg(gps=True)


@pytest.fixture
def backend(app: Flask, monkeypatch: pytest.MonkeyPatch) -> StorageBackend:
    """The storage, without its lock."""
    found: StorageBackend = app.extensions["scapi.storages"]["local"]
    monkeypatch.setattr(found, "exclusive", lambda _key: nullcontext())
    return found


def send(app: Flask, start: int, end: int, upload_id: str = "") -> TestResponse:
    form = chunk_form(PHOTO[start:end], upload_id)
    headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(PHOTO)}"}
    return app.test_client().post(CHUNK, **form, headers=headers)


def begin(app: Flask, end: int = 100) -> str:
    answer = send(app, 0, end)
    assert answer.json is not None
    upload_id: str = answer.json["upload_id"]
    return upload_id


def finish(app: Flask, upload_id: str) -> TestResponse:
    return app.test_client().post(COMPLETE, data={"upload_id": upload_id, "md5": md5(PHOTO)})


def end_with(upload_id: str, status: Status) -> None:
    """End the upload and delete its bytes, like another request or the sweeper."""
    upload = rows.find(upload_id)
    assert upload is not None
    ending.end(upload, status)
    ending.clear(upload)


def after(backend: StorageBackend, name: str, action: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `action` once, directly after the backend's next call of `name`."""
    call = getattr(backend, name)

    def called(*arguments: Any) -> Any:
        monkeypatch.setattr(backend, name, call)
        result = call(*arguments)
        action()
        return result

    monkeypatch.setattr(backend, name, called)


def stored(app: Flask) -> list[str]:
    data = Path(settings_of(app).data_dir)
    return [file.name for room in ("files", "parts") for file in (data / room).rglob("*") if file.is_file()]


@pytest.mark.parametrize(("status", "code"), [(Status.ABORTED, 404), (Status.EXPIRED, 410)])
def test_a_chunk_of_an_upload_that_ends_while_it_is_written(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch, status: Status, code: int
) -> None:
    upload_id = begin(app)
    after(backend, "write", lambda: end_with(upload_id, status), monkeypatch)
    assert send(app, 100, 200, upload_id).status_code == code
    assert stored(app) == []


def test_a_chunk_that_another_one_overtakes(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = begin(app)
    other = chunk_form(b"other bytes", upload_id, offset="100")
    after(backend, "write", lambda: app.test_client().post(CHUNK, **other), monkeypatch)
    answer = send(app, 100, 200, upload_id)
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["offset"] == "111"


def test_a_chunk_that_the_beginning_of_itself_overtakes(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = begin(app)
    after(backend, "write", lambda: send(app, 100, 150, upload_id), monkeypatch)
    answer = send(app, 100, 200, upload_id)
    assert answer.status_code == 201
    assert (answer.json or {})["offset"] == "200"


def test_a_chunk_that_its_own_repeat_overtakes(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = begin(app)
    after(backend, "write", lambda: send(app, 100, 200, upload_id), monkeypatch)
    assert send(app, 100, 200, upload_id).status_code == 201


@pytest.mark.parametrize("step", ["publish", "save_named"])
@pytest.mark.parametrize(("status", "code"), [(Status.ABORTED, 404), (Status.EXPIRED, 410)])
def test_an_upload_that_ends_while_it_is_completed_leaves_nothing(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch, step: str, status: Status, code: int
) -> None:
    upload_id = begin(app, len(PHOTO))
    after(backend, step, lambda: end_with(upload_id, status), monkeypatch)
    assert finish(app, upload_id).status_code == code
    assert stored(app) == []


def test_an_upload_that_is_completed_by_two(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one begins after the first one's claim has ended."""
    monkeypatch.setattr(claims, "CLAIM", timedelta(0))
    upload_id = begin(app, len(PHOTO))
    answers = []
    after(backend, "publish", lambda: answers.append(finish(app, upload_id)), monkeypatch)
    answers.append(finish(app, upload_id))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json


def test_the_sweeper_lets_a_slow_upload_live(app: Flask) -> None:
    upload_id = begin(app)
    long_ago = time.time() - timedelta(hours=5).total_seconds()
    part = Path(settings_of(app).data_dir, "parts", key_of(upload_id))
    os.utime(part, (long_ago, long_ago))
    due = Due.at(now())
    assert [left.key for left in storage.unfinished(due.left_before)] == [key_of(upload_id)]
    assert list(expiry.leftovers(due)) == []


def test_an_upload_that_goes_on_while_the_sweeper_looks_at_it(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = begin(app)
    (task,) = expiry.expired(Due.at(now(), timedelta(0)))
    assert send(app, 100, len(PHOTO), upload_id).status_code == 201
    assert finish(app, upload_id).status_code == 201
    task.run()
    assert finish(app, upload_id).status_code == 201
    assert stored(app)


def test_an_upload_of_unknown_length_that_goes_on_while_it_is_completed(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chunk was acknowledged, so it must be in the file: `complete` is then too early, by its MD5."""
    client = app.test_client()

    def post(start: int, end: int, upload_id: str = "") -> TestResponse:
        return client.post(CHUNK, **chunk_form(PHOTO[start:end], upload_id, offset=str(start)))

    begun = post(0, 100)
    assert begun.json is not None
    upload_id = begun.json["upload_id"]
    find, answers = rows.find, []

    def find_and_go_on(wanted: str, connection: Any = None) -> Any:
        monkeypatch.setattr(rows, "find", find)
        found = find(wanted, connection)
        answers.append(post(100, len(PHOTO), upload_id))
        return found

    monkeypatch.setattr(rows, "find", find_and_go_on)
    early = client.post(COMPLETE, data={"upload_id": upload_id, "md5": md5(PHOTO[:100])})
    assert [answer.status_code for answer in answers] == [201]
    assert early.status_code == 400
    assert finish(app, upload_id).status_code == 201


def test_a_late_chunk_of_an_upload_of_unknown_length_whose_end_was_set_meanwhile(
    app: Flask, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes were written before `complete` closed the upload, its row later: they must not become official."""
    client = app.test_client()

    def post(start: int) -> TestResponse:
        return client.post(CHUNK, **chunk_form(PHOTO[start:], upload_id, offset=str(start)))

    upload_id = (client.post(CHUNK, **chunk_form(PHOTO[:100], offset="0")).json or {})["upload_id"]

    def close() -> None:
        upload = rows.find(upload_id)
        assert upload is not None
        assert rows.advance(upload, {"total": upload.offset})

    after(backend, "write", close, monkeypatch)
    assert post(100).status_code == 400
    found = rows.find(upload_id)
    assert found is not None
    assert (found.offset, found.total) == (100, 100)
