"""HTTP's resumable uploads: each MUST of the draft that a client can see."""

import base64
import hashlib
import re
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests import files
from tests.client import fetch, refusal
from tests.conftest import token
from tests.running import Server

MEDIA = "/api/v2/media/"
PARTIAL = "application/partial-upload"
PHOTO = files.jpeg(300, 200, noise=True)
TYPES = "https://iana.org/assignments/http-problem-types#"


def ask(server: Server, method: str, path: str, data: Any = None, **headers: str) -> requests.Response:
    """Send a request; header names have _ instead of -. Via prevents interim answers, which `requests` cannot read."""
    sent = {"Via": "1.1 tests"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return server.request(method, path, data=data, headers=sent, allow_redirects=False)


def begin(server: Server, data: bytes = b"", **headers: str) -> str:
    """Create an incomplete upload, and return the path of its resource."""
    answer = ask(server, "POST", MEDIA, data, Upload_Complete="?0", **headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Upload-Complete"] == "?0"
    assert "max-size=" in answer.headers["Upload-Limit"]
    assert answer.headers["Upload-Offset"] == str(len(data))
    return urlsplit(answer.headers["Location"]).path


def extend(server: Server, path: str, offset: int, data: bytes, complete: str, **headers: str) -> requests.Response:
    """Send bytes."""
    headers.setdefault("Content_Type", PARTIAL)
    return ask(server, "PATCH", path, data, Upload_Offset=str(offset), Upload_Complete=complete, **headers)


def problem(answer: requests.Response, status: int, kind: str) -> dict[str, Any]:
    """Check that the answer is this problem with scapi's fields, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == TYPES + kind
    assert body["status"] == status
    assert body["errors"][0]["code"]
    assert body["request_id"]
    return body


def test_a_whole_file_in_one_request(server: Server) -> None:
    name = 'attachment; filename="Meer.jpg"'
    answer = ask(server, "POST", MEDIA, PHOTO, Upload_Complete="?1", Content_Disposition=name)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Upload-Complete"] == "?1"
    media = answer.json()
    assert media["title"] == "Meer"
    assert answer.headers["Scapi-Media"].endswith(f"/media/{media['id']}/")
    assert fetch(server, media["url"]).content == PHOTO


def test_a_file_in_pieces(server: Server) -> None:
    path = begin(server, PHOTO[:1000], Upload_Length=str(len(PHOTO)))
    head = ask(server, "HEAD", path)
    assert head.status_code == 204
    assert head.headers["Upload-Offset"] == "1000"
    assert head.headers["Upload-Complete"] == "?0"
    assert head.headers["Upload-Length"] == str(len(PHOTO))
    assert head.headers["Cache-Control"] == "no-store"
    middle = extend(server, path, 1000, PHOTO[1000:2000], "?0")
    assert (middle.status_code, middle.headers["Upload-Offset"]) == (204, "2000")
    assert middle.headers["Upload-Complete"] == "?0"
    last = extend(server, path, 2000, PHOTO[2000:], "?1")
    assert last.status_code == 201
    assert last.headers["Upload-Complete"] == "?1"
    assert fetch(server, last.json()["url"]).content == PHOTO
    again = ask(server, "HEAD", path, Want_Repr_Digest="md5=1")
    assert again.headers["Upload-Complete"] == "?1"
    assert again.headers["Scapi-Media"] == last.headers["Scapi-Media"]
    assert again.headers["Repr-Digest"] == f"md5=:{base64.b64encode(hashlib.md5(PHOTO).digest()).decode()}:"
    problem(extend(server, path, len(PHOTO), b"x", "?1"), 400, "completed-upload")


def test_an_empty_append_completes(server: Server) -> None:
    path = begin(server, PHOTO)
    last = extend(server, path, len(PHOTO), b"", "?1")
    assert last.status_code == 201, last.text
    assert last.json()["type"] == "image"


def test_another_offset_is_a_problem_with_the_right_one(server: Server) -> None:
    path = begin(server, PHOTO[:100])
    answer = extend(server, path, 50, PHOTO[50:], "?0")
    body = problem(answer, 409, "mismatching-upload-offset")
    assert (body["expected-offset"], body["provided-offset"]) == (100, 50)
    assert answer.headers["Upload-Offset"] == "100"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content_Type": "application/octet-stream"}, 415, "unsupported_media_type"),
        ({"Upload_Offset": "1.5"}, 400, "invalid_header"),
        ({"Upload_Offset": ""}, 400, "invalid_header"),
        ({"Upload_Complete": "yes"}, 400, "invalid_header"),
    ],
)
def test_appends_that_are_refused(server: Server, headers: dict[str, str], status: int, code: str) -> None:
    path = begin(server)
    sent = {"Upload_Offset": "0", "Upload_Complete": "?0", "Content_Type": PARTIAL} | headers
    refusal(ask(server, "PATCH", path, PHOTO, **{k: v for k, v in sent.items() if v}), status, code)
    assert ask(server, "HEAD", path).headers["Upload-Offset"] == "0"


def test_lengths_agree_for_ever(server: Server) -> None:
    answer = ask(server, "POST", MEDIA, PHOTO, Upload_Complete="?1", Upload_Length="9")
    problem(answer, 400, "inconsistent-upload-length")
    path = begin(server, PHOTO[:100], Upload_Length=str(len(PHOTO)))
    problem(extend(server, path, 100, PHOTO[100:], "?1", Upload_Length="9"), 400, "inconsistent-upload-length")
    problem(extend(server, path, 100, PHOTO[100:200], "?1"), 400, "inconsistent-upload-length")
    assert ask(server, "HEAD", path).headers["Upload-Offset"] == "100"
    problem(extend(server, path, 100, PHOTO, "?0"), 400, "inconsistent-upload-length")
    assert ask(server, "HEAD", path).status_code == 404  # it is invalid from then on


def test_digests(server: Server) -> None:
    def digest(data: bytes) -> str:
        return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"

    path = begin(server, Repr_Digest=digest(PHOTO))
    refusal(extend(server, path, 0, PHOTO[:9], "?0", Content_Digest=digest(b"other")), 400, "digest_mismatch")
    assert ask(server, "HEAD", path).headers["Upload-Offset"] == "0"
    assert extend(server, path, 0, PHOTO[:9], "?0", Content_Digest=digest(PHOTO[:9])).status_code == 204
    assert extend(server, path, 9, PHOTO[9:], "?1").status_code == 201
    other = begin(server, PHOTO, Repr_Digest=digest(b"other"))
    refusal(extend(server, other, len(PHOTO), b"", "?1"), 400, "digest_mismatch")


def test_options_and_limits(server: Server) -> None:
    for path in (MEDIA, begin(server)):
        answer = ask(server, "OPTIONS", path)
        assert answer.headers["Accept-Patch"] == PARTIAL
        assert "max-size=" in answer.headers["Upload-Limit"]
    answer = ask(server, "POST", MEDIA, b"", Upload_Complete="?0", Upload_Length="999999999999")
    refusal(answer, 413, "file_too_large")
    assert "max-size=" in answer.headers["Upload-Limit"]


def test_cancellation_and_owners(server: Server) -> None:
    path = begin(server, PHOTO[:9], **token(1))
    assert ask(server, "HEAD", path, **token(2)).status_code == 404
    assert ask(server, "DELETE", path, **token(2)).status_code == 404
    assert ask(server, "DELETE", path, **token(1)).status_code == 204
    assert ask(server, "HEAD", path, **token(1)).status_code == 404


def test_whoever_uploads_without_a_login_can_undo_it(server: Server) -> None:
    path, late = begin(server, PHOTO[:9]), begin(server, PHOTO)
    answers = [
        ask(server, "POST", MEDIA, PHOTO, Upload_Complete="?1"),
        extend(server, path, 9, PHOTO[9:], "?1"),
        extend(server, late, len(PHOTO), b"", "?1"),
    ]
    for answer in answers:
        media = answer.json()
        assert len(media["delete_token"]) == 43
        assert "delete_token" not in server.request("GET", f"{MEDIA}{media['id']}/").json()
    for head in (ask(server, "HEAD", path), ask(server, "HEAD", late)):
        assert not any(answer.json()["delete_token"] in str(head.headers) for answer in answers)
    ids, tokens = ([answer.json()[name] for answer in answers] for name in ("id", "delete_token"))
    for media_id, sent in zip(ids, [*tokens[1:], tokens[0]], strict=True):
        refusal(ask(server, "DELETE", f"{MEDIA}{media_id}/", Scapi_Delete_Token=sent), 403, "invalid_delete_token")
    for media_id, sent in zip(ids, tokens, strict=True):
        assert ask(server, "DELETE", f"{MEDIA}{media_id}/", Scapi_Delete_Token=sent).status_code == 204
    assert ask(server, "POST", MEDIA, PHOTO, Upload_Complete="?1", **token(7)).json()["delete_token"] is None


def test_older_drafts(server: Server) -> None:
    answer = ask(server, "POST", MEDIA, PHOTO[:9], Upload_Draft_Interop_Version="2", Upload_Incomplete="?1")
    assert answer.status_code == 201
    assert answer.headers["Upload-Incomplete"] == "?1"
    assert answer.headers["Upload-Draft-Interop-Version"] == "2"
    path = urlsplit(answer.headers["Location"]).path
    more = {"Upload_Draft_Interop_Version": "2", "Upload_Incomplete": "?0", "Upload_Offset": "9"}
    assert ask(server, "PATCH", path, PHOTO[9:], **more).json()["type"] == "image"


def test_a_field_that_is_not_valid_is_ignored(server: Server) -> None:
    answer = ask(server, "POST", MEDIA, PHOTO, Upload_Complete="true", Content_Type="image/jpeg")
    refusal(answer, 415, "unsupported_media_type")


def raw(server: Server, request: bytes) -> bytes:
    """Send the raw bytes of a request, and return everything until the connection ends."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        found = b""
        while data := connection.recv(65536):
            found += data
    return found


@pytest.mark.parametrize(
    ("version", "extra", "expected"),
    [
        ("1.1", "", True),
        ("1.0", "", False),
        ("1.1", "Via: 1.1 proxy\r\n", False),
        ("1.1", "X-Forwarded-For: 192.0.2.1\r\n", False),
    ],
)
def test_an_interim_answer_says_where_the_upload_is(server: Server, version: str, extra: str, expected: bool) -> None:
    head = f"POST {MEDIA} HTTP/{version}\r\nHost: x\r\nUpload-Complete: ?1\r\nContent-Length: {len(PHOTO)}\r\n"
    found = raw(server, f"{head}{extra}Connection: close\r\n\r\n".encode() + PHOTO)
    first, _, rest = found.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 104 ") is expected
    if expected:
        assert b"\r\nLocation: /api/v2/resumable/" in first
        assert b"\r\nUpload-Limit: " in first
        first = rest
    assert first.split(b" ", 2)[1] == b"201"


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    head = f"POST {MEDIA} HTTP/1.1\r\nHost: x\r\nUpload-Complete: ?1\r\nContent-Length: {len(PHOTO)}\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    found = raw(server, head.encode() + PHOTO + last)
    assert re.findall(rb"HTTP/1.1 (\d+) ", found) == [b"104", b"201", b"200"]
