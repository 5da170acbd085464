"""The end of an upload: refused for good, unchanged after a failure of the server, and one request at a time."""

import threading
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from scapi.database import db
from scapi.inspection import room
from scapi.inspection.outcomes import Crash, Mishap
from scapi.inspection.room import Look
from scapi.media import claims, completion, contents
from scapi.media.models import MediaFile
from scapi.storage import storage
from scapi.uploads import rows
from scapi.uploads.keys import SERVED
from scapi.uploads.models import Status
from scapi.uploads.rows import UploadRow
from scapi.uploads.rules import key_of
from storage_backends import NotFound
from tests import files
from tests.client import CHUNK, COMPLETE, md5
from tests.conftest import token

PHOTO, BROKEN = files.jpeg(), files.truncated(files.jpeg(noise=True), 0.9)


def uploaded(app: Flask, data: bytes = PHOTO) -> str:
    answer = app.test_client().post(CHUNK, data={"image": (BytesIO(data), "a")}, headers=token(7))
    upload_id: str = answer.json["upload_id"]
    return upload_id


def complete(app: Flask, upload_id: str, data: bytes = PHOTO, **more: str) -> tuple[int, dict[str, Any]]:
    fields = {"upload_id": upload_id, "md5": md5(data), **more}
    answer = app.test_client().post(COMPLETE, data=fields, headers=token(7))
    db.session.remove()
    body: dict[str, Any] = answer.get_json()
    return answer.status_code, body


def code(body: dict[str, Any]) -> str:
    problem = body["errors"][0]
    found: str = problem["code"] if "code" in problem else problem["messages"][0]["code"]
    return found


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception | None], list[int]]:
    """A function that makes inspections raise an error; it returns a list that gets an item per inspection."""
    original = Look.served
    asked: list[int] = []

    def fail(error: Exception | None) -> list[int]:
        def served(look: Look[Any]) -> bytes | None:
            asked.append(1)
            if error is not None:
                raise error
            return original(look)

        monkeypatch.setattr(Look, "served", served)
        return asked

    return fail


def test_a_refused_file_ends_its_upload_and_is_not_inspected_again(
    app: Flask, failing: Callable[[Exception | None], list[int]]
) -> None:
    asked = failing(None)
    upload_id = uploaded(app, BROKEN)
    first = complete(app, upload_id, BROKEN)
    assert (first[0], code(first[1])) == (400, "invalid_image")
    for answer in (complete(app, upload_id, BROKEN), complete(app, upload_id, BROKEN, type="document")):
        assert (answer[0], code(answer[1]), answer[1]["message"]) == (400, "invalid_image", first[1]["message"])
    client, path = app.test_client(), f"/api/v2/media/upload/{upload_id}/"
    assert client.get(path, headers=token(7)).json["message"] == first[1]["message"]
    form = {"image": (BytesIO(b"more"), "a"), "upload_id": upload_id}
    assert client.post(CHUNK, data=form, headers=token(7)).json["message"] == first[1]["message"]
    assert client.delete(path, headers=token(7)).status_code == 204
    assert asked == [1]


@pytest.mark.parametrize(
    ("data", "more", "said"),
    [(BROKEN, {"md5": md5(b"")}, "md5_mismatch"), (BROKEN, {"type": "document"}, "type_mismatch")],
)
def test_what_the_request_has_wrong_ends_nothing(app: Flask, data: bytes, more: dict[str, str], said: str) -> None:
    upload_id = uploaded(app, data)
    for _ in range(2):
        answer = complete(app, upload_id, data, **more)
        assert (answer[0], code(answer[1])) == (400, said)
    assert code(complete(app, upload_id, data)[1]) == "invalid_image"


def test_a_mishap_leaves_the_upload_as_it_was(app: Flask, failing: Callable[[Exception | None], list[int]]) -> None:
    upload_id = uploaded(app)
    failing(Mishap("the store is slow"))
    for _ in range(completion.MAX_CRASHES + 1):
        status, body = complete(app, upload_id)
        assert (status, code(body)) == (503, "inspection_failed")
    failing(None)
    assert complete(app, upload_id)[0] == 201


def test_a_file_that_crashes_its_inspection_is_refused_the_third_time(
    app: Flask, failing: Callable[[Exception | None], list[int]]
) -> None:
    upload_id = uploaded(app)
    failing(Crash("SIGSEGV"))
    for _ in range(completion.MAX_CRASHES - 1):
        status, body = complete(app, upload_id)
        assert (status, code(body)) == (503, "inspection_failed")
    for _ in range(2):
        status, body = complete(app, upload_id)
        assert (status, code(body)) == (400, "inspection_crashed")
    assert rows.find(upload_id).status == Status.REFUSED


def test_two_requests_complete_one_upload_and_only_one_inspects_it(
    app: Flask, failing: Callable[[Exception | None], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, upload_id = failing(None), uploaded(app)
    waiting = threading.Event()
    finished = completion._finished

    def slowly(*arguments: Any) -> Any:
        waiting.wait(30)  # until the other request has noticed that it is not the first
        return finished(*arguments)

    monkeypatch.setattr(completion, "_finished", slowly)
    monkeypatch.setattr(time, "sleep", lambda _seconds, sleep=time.sleep: (waiting.set(), sleep(0.01)))
    answers: list[tuple[int, dict[str, Any]]] = []

    def run() -> None:
        with app.app_context():
            answers.append(complete(app, upload_id))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [status for status, _ in answers] == [201, 201]
    assert answers[0][1] == answers[1][1]
    assert asked == [1]


def test_who_waits_too_long_for_another_request_is_told_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "PATIENCE", 0)
    upload_id = uploaded(app)
    found = rows.find(upload_id)
    assert found
    assert claims.claim(found)
    status, body = complete(app, upload_id)
    assert (status, code(body)) == (503, "busy")
    claims.release(found)
    assert complete(app, upload_id)[0] == 201


def test_no_place_is_told_at_once_and_changes_nothing(app: Flask) -> None:
    upload_id = uploaded(app)
    full = room.Room(threads=2)
    app.extensions["scapi.inspection"] = full
    with full.entered("somebody else"):
        status, body = complete(app, upload_id)
        assert (status, code(body)) == (503, "busy")
    assert complete(app, upload_id)[0] == 201
    assert complete(app, upload_id)[0] == 201  # a completed upload needs no place


@pytest.fixture
def saved_by_then(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that gets the size of the file to serve, as it is in storage when a request asks for the facts."""
    sizes: list[int] = []
    save, facts = contents.save_served, Look.facts
    keys: list[str] = []

    def note(upload: UploadRow, *rest: Any) -> MediaFile | None:
        keys.append(key_of(upload.id) + SERVED)
        return save(upload, *rest)

    def ask(look: Look[Any]) -> Any:
        sizes.append(storage.size(keys[-1]))
        return facts(look)

    monkeypatch.setattr(contents, "save_served", note)
    monkeypatch.setattr(Look, "facts", ask)
    return sizes


def test_the_file_to_serve_is_saved_while_the_image_is_decoded(app: Flask, saved_by_then: list[int]) -> None:
    data = files.jpeg(exif_orientation=6, gps=True)
    status, body = complete(app, uploaded(app, data), data)
    assert (status, saved_by_then) == (201, [body["size"]])


def test_nothing_stays_of_an_image_that_cannot_be_decoded(app: Flask, saved_by_then: list[int]) -> None:
    header = b"\0\0\0\x04\0\0\0\x04\x08\x02\0\0\0"  # 4 x 4 pixels in RGB
    chunks = ((b"IHDR", header), (b"tEXt", b"Comment\0private"), (b"IDAT", b"no zlib stream"), (b"IEND", b""))
    bad = files.PNG_SIGNATURE + b"".join(files.png_chunk(*chunk) for chunk in chunks)
    upload_id = uploaded(app, bad)
    status, body = complete(app, upload_id, bad)
    assert (status, code(body)) == (400, "invalid_image")
    assert len(saved_by_then) == 1
    for key in (key_of(upload_id), key_of(upload_id) + SERVED):
        with pytest.raises(NotFound):
            storage.size(key)
