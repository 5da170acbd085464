"""Chunks that break off, and chunks that carry digests."""

import base64
import hashlib
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import files
from tests.client import CHUNK, COMPLETE, chunk_form, md5

PAPER = files.pdf(size=3000)
BEGUN = 1000
EDGE = 200
"""The number of bytes at each end of a body; the body is cut once after each of them."""


class Cut(BytesIO):
    """A body at whose end the connection is lost."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data:
            raise ConnectionResetError
        return data


@pytest.fixture
def upload_id(app: Flask) -> str:
    """An upload that has begun."""
    return begin(app)


def begin(app: Flask) -> str:
    found: str = (send(app, PAPER[:BEGUN], 0).json or {})["upload_id"]
    return found


def form(app: Flask, data: bytes, start: int, upload_id: str = "", **headers: str) -> dict[str, Any]:
    content_range = f"bytes {start}-{start + len(data) - 1}/{len(PAPER)}"
    return {**chunk_form(data, upload_id), "headers": {"Content-Range": content_range, **headers}}


def send(app: Flask, data: bytes, start: int, upload_id: str = "", **headers: str) -> TestResponse:
    return app.test_client().post(CHUNK, **form(app, data, start, upload_id, **headers))


def send_cut(app: Flask, request: dict[str, Any], length: int) -> None:
    """Send only the first `length` bytes of a request's body."""
    body = request.pop("data")
    whole = {"CONTENT_LENGTH": str(len(body))}
    sent = app.test_client().post(CHUNK, input_stream=Cut(body[:length]), environ_overrides=whole, **request)
    assert sent.status_code == 400


def offset(app: Flask, upload_id: str) -> int:
    return int((app.test_client().get(f"/api/v2/media/upload/{upload_id}/").json or {})["offset"])


def finish(app: Flask, upload_id: str) -> TestResponse:
    return app.test_client().post(COMPLETE, data={"upload_id": upload_id, "md5": md5(PAPER)})


def test_a_chunk_that_breaks_off_anywhere(app: Flask) -> None:
    """All received bytes count that cannot be part of the delimiter; the repeated chunk gets the normal answer."""
    data = PAPER[BEGUN:]
    body = form(app, data, BEGUN, "0" * 32)["data"]
    first = body.index(data)
    delimiter = b"\r\n" + body[: body.index(b"\r\n")]
    upload_id = begin(app)
    for length in [*range(EDGE), *range(len(body) - EDGE, len(body))]:
        before = offset(app, upload_id)
        send_cut(app, form(app, data, BEGUN, upload_id), length)
        came = body[first : min(length, first + len(data))]
        held = next((n for n in range(len(delimiter), 0, -1) if came.endswith(delimiter[:n])), 0)
        assert offset(app, upload_id) == max(before, BEGUN + len(came) - held), length
        if offset(app, upload_id) == len(PAPER):
            upload_id = begin(app)
    assert send(app, data, BEGUN, upload_id).status_code == 201
    assert finish(app, upload_id).status_code == 201


@pytest.mark.parametrize("size", [1, 2, 35, 36, 40])
def test_bytes_that_look_like_the_delimiter_wait_for_the_next_ones(app: Flask, upload_id: str, size: int) -> None:
    request = form(app, bytes(1000), BEGUN, upload_id)
    delimiter = b"\r\n" + request["data"][: request["data"].index(b"\r\n")]
    cut = request["data"].index(bytes(1000)) + 500
    request["data"] = request["data"][: cut - size] + delimiter[:size] + request["data"][cut:]
    send_cut(app, request, cut)
    whole = min(size, len(delimiter)) == size
    assert offset(app, upload_id) == BEGUN + 500 - size if whole else BEGUN


def test_of_a_broken_first_chunk_nothing_is_kept(app: Flask) -> None:
    request = form(app, PAPER[:BEGUN], 0)
    send_cut(app, request, len(request["data"]) - 100)
    assert (send(app, PAPER[:BEGUN], 0).json or {})["offset"] == str(BEGUN)


def test_no_byte_beyond_content_range_counts(app: Flask, upload_id: str) -> None:
    request = form(app, PAPER[BEGUN:], BEGUN, upload_id)
    request["headers"]["Content-Range"] = f"bytes {BEGUN}-{BEGUN + 9}/{len(PAPER)}"
    send_cut(app, request, len(request["data"]) - 1)
    assert offset(app, upload_id) == BEGUN + 10


def b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


DATA = PAPER[BEGUN:2000]
RIGHT = [
    {"Content-Digest": f"sha-256=:{b64(hashlib.sha256(DATA).digest())}:"},
    {"Content-Digest": f"unixsum=:AAAA:, md5=:{b64(hashlib.md5(DATA).digest())}:"},
    {"Content-Digest": "unixsum=:AAAA:"},
    {"Content-MD5": b64(hashlib.md5(DATA).digest())},
]
WRONG = [
    ({"Content-Digest": f"sha-256=:{b64(hashlib.sha256(b'x').digest())}:"}, "digest_mismatch"),
    ({"Content-MD5": b64(hashlib.md5(b"x").digest())}, "digest_mismatch"),
    ({**RIGHT[0], "Content-MD5": b64(hashlib.md5(b"x").digest())}, "digest_mismatch"),
    ({"Content-MD5": "nonsense"}, "invalid_digest"),
    ({"Content-Digest": "sha-256=:AAAA:"}, "invalid_digest"),
    ({"Content-Digest": "nonsense"}, "invalid_digest"),
]


@pytest.mark.parametrize("headers", RIGHT)
def test_a_chunk_with_its_digest(app: Flask, upload_id: str, headers: dict[str, str]) -> None:
    assert send(app, DATA, BEGUN, upload_id, **headers).status_code == 201
    assert send(app, DATA, BEGUN, upload_id, **headers).status_code == 201


def test_a_digest_of_the_whole_body(app: Flask, upload_id: str) -> None:
    request = form(app, DATA, BEGUN, upload_id)
    request["headers"]["Content-Digest"] = f"sha-512=:{b64(hashlib.sha512(request['data']).digest())}:"
    assert app.test_client().post(CHUNK, **request).status_code == 201


@pytest.mark.parametrize(("headers", "code"), WRONG)
def test_a_chunk_with_another_digest_does_not_count(
    app: Flask, upload_id: str, headers: dict[str, str], code: str
) -> None:
    for start, id_sent in ((BEGUN, upload_id), (0, "")):
        answer = send(app, DATA, start, id_sent, **headers)
        assert answer.status_code == 400
        assert (answer.json or {})["errors"][0]["code"] == code
    assert offset(app, upload_id) == BEGUN
