"""Caps of unfinished uploads and the quota of a user: exact, even with many requests at once."""

from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import update

from scapi.database import db, now
from scapi.uploads.models import Upload
from tests import files, running
from tests.client import KiB, at_once, complete, md5, refusal, send_chunk, statuses, upload
from tests.conftest import token
from tests.running import Server

CLIENTS = 16
QUOTA = 1536 * KiB
PHOTO = files.jpeg(200, 200, noise=True)
"""About 40 KiB, larger than its thumbnail."""


@pytest.fixture(scope="module")
def server(
    database: str, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server behind a proxy, with every cap."""
    settings = {
        "SCAPI_DATABASE_URL": new_database(database),
        "SCAPI_TRUSTED_PROXIES": "1",
        "SCAPI_MAX_UPLOADS_PER_USER": "4",
        "SCAPI_MAX_UPLOADS_PER_ADDRESS": "5",
        "SCAPI_MAX_UPLOAD_BYTES_PER_USER": str(1024 * KiB),
        "SCAPI_MAX_UPLOAD_BYTES_PER_ADDRESS": str(2048 * KiB),
        "SCAPI_MAX_IMAGE_BYTES": str(800 * KiB),
        "SCAPI_QUOTA_BYTES": str(QUOTA),
    }
    with running.scapi(tmp_path_factory.mktemp("caps"), workers=3, **settings) as server:
        yield server


def sender(address: str, user_id: int | None = None) -> dict[str, str]:
    """Return the headers of a request from an address, as sent by the proxy in front."""
    forwarded = {"X-Forwarded-For": address, "X-Forwarded-Proto": "http", "X-Forwarded-Host": "media.example"}
    return forwarded | ({} if user_id is None else token(user_id))


def begin(server: Server, headers: dict[str, str], total: int | None = 50 * KiB) -> requests.Response:
    return send_chunk(server, PHOTO[:1000], 0, total, headers=headers)


def full(answers: list[requests.Response], code: str) -> None:
    """Check that all answers other than 201 have `code` and Retry-After."""
    for answer in answers:
        if answer.status_code != 201:
            refusal(answer, 429, code)
            assert answer.headers["Retry-After"] == "60"


def test_a_user_may_have_so_many_unfinished_uploads(server: Server) -> None:
    answers = at_once([partial(begin, server, sender(f"192.0.2.{n}", 1)) for n in range(CLIENTS)])
    assert statuses(answers) == {201: 4, 429: 12}
    full(answers, "too_many_uploads")
    begun = [answer.json()["upload_id"] for answer in answers if answer.status_code == 201]
    aborted = server.request("DELETE", f"/api/v2/media/upload/{begun[0]}/", headers=token(1))
    assert aborted.status_code == 204
    whole = send_chunk(server, PHOTO, 0, len(PHOTO), headers=sender("192.0.2.20", 1))
    assert whole.status_code == 201
    full([begin(server, sender("192.0.2.21", 1))], "too_many_uploads")
    assert complete(server, whole.json()["upload_id"], md5(PHOTO), headers=token(1)).status_code == 201
    assert begin(server, sender("192.0.2.21", 1)).status_code == 201
    assert begin(server, sender("192.0.2.21", 2)).status_code == 201, "another user's are not counted"


def test_an_address_may_have_so_many_unfinished_uploads(server: Server) -> None:
    senders = [sender("198.51.100.1", None if n % 2 else 100 + n) for n in range(CLIENTS)]
    answers = at_once([partial(begin, server, headers) for headers in senders])
    assert statuses(answers) == {201: 5, 429: 11}
    full(answers, "too_many_uploads")
    assert begin(server, sender("198.51.100.2")).status_code == 201


def test_bytes_are_counted_by_the_sizes_that_uploads_will_have(server: Server) -> None:
    answers = at_once([partial(begin, server, sender(f"192.0.2.{n}", 3), 300 * KiB) for n in range(CLIENTS)])
    assert statuses(answers) == {201: 3, 429: 13}
    full(answers, "too_many_upload_bytes")
    assert begin(server, sender("203.0.113.1"), None).status_code == 201
    assert begin(server, sender("203.0.113.1"), 500 * KiB).status_code == 201
    answer = begin(server, sender("203.0.113.1"), 800 * KiB)
    full([answer], "too_many_upload_bytes")
    endless = send_chunk(server, files.pdf()[:500], 0, None, headers=sender("203.0.113.2"))
    assert "counts 52428800 bytes" in refusal(endless, 413, "file_too_large")["message"]
    assert f"unfinished uploads have {1300 * KiB} bytes, this one {800 * KiB}" in answer.json()["message"]


def test_a_user_may_keep_so_many_bytes(server: Server) -> None:
    photo = files.jpeg(500, 500, noise=True)
    mine = sender("192.0.2.30", 4)
    kept = [upload(server, photo, headers=mine) for _ in range(3)]
    answer = begin(server, mine, 800 * KiB)
    body = refusal(answer, 403, "quota_exceeded")
    assert "Retry-After" not in answer.headers
    assert body["quota"] == QUOTA
    assert 3 * len(photo) < body["used"] < 5 * len(photo), "photos and thumbnails"
    third = (QUOTA - body["used"]) // 3
    answers = at_once([partial(begin, server, sender(f"192.0.2.{40 + n}", 4), third) for n in range(CLIENTS)])
    assert statuses(answers) == {201: 3, 403: 13}, "what is unfinished counts, too"
    assert server.request("DELETE", f"/api/v2/media/{kept[0]['id']}/", headers=mine).status_code == 204
    assert begin(server, mine, len(photo)).status_code == 201


def test_a_picture_from_a_url_counts_for_the_quota(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_QUOTA_BYTES=2 * len(PHOTO))
    app.extensions["scapi.previewer"] = _Pictures()
    client = app.test_client()
    ask: dict[str, Any] = {"json": {"type": "image", "url": "http://a.example.com/a.jpg"}, "headers": token(5)}
    assert client.post("/api/v2/media/", **ask).status_code == 201
    answer = client.post("/api/v2/media/", **ask)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (403, "quota_exceeded")


def test_an_expired_upload_does_not_count_and_no_address_is_kept(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_MAX_UPLOADS_PER_ADDRESS=1)
    client = app.test_client()

    def chunk() -> int:
        data = {"image": (BytesIO(PHOTO[:1000]), "a.jpg")}
        headers = {"Content-Range": f"bytes 0-999/{len(PHOTO)}"}
        return client.post("/api/v2/media/upload/chunk/", data=data, headers=headers).status_code

    assert [chunk(), chunk()] == [201, 429]
    with app.app_context():
        (row,) = db.session.execute(db.select(Upload.__table__))
        assert len(row.address) == 16
        assert b"127.0.0.1" not in row.address
        db.session.execute(update(Upload).values(expires_at=now()))
        db.session.commit()
    assert [chunk(), chunk()] == [201, 429]


def test_without_caps_no_address_is_kept_and_nothing_is_counted(app: Flask) -> None:
    assert app.extensions["scapi.caps"] is None
    assert app.extensions.get("limiter") is None


class _Pictures:
    """A previewer that returns the same picture for every URL."""

    def check(self, url: str) -> None:
        pass

    def picture(self, url: str, max_bytes: int) -> bytes:
        return PHOTO
