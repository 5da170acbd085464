"""Requests that no honest client sends, byte by byte: nothing breaks."""

import re
import socket

import pytest

from tests import files
from tests.client import CHUNK, refusal, upload
from tests.running import Server

HEAD = b"POST /api/v2/tag/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: "
SECOND = b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

MALFORMED = {
    "no size": b"zz\r\n{}\r\n0\r\n\r\n",
    "a negative size": b"-2\r\n{}\r\n0\r\n\r\n",
    "a size with 0x": b"0x2\r\n{}\r\n0\r\n\r\n",
    "bare line feeds": b"2\n{}\n0\n\n",
    "too short": b"2\r\n{}x\r\n0\r\n\r\n",
    "a trailer that is none": b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n",
    "a trailer that frames": b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
}

AMBIGUOUS = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Content-Length: 4\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "another coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a folded line": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}",
    "a signed length": b"Content-Length: +2\r\n\r\n{}",
    "a bare carriage return": b"X: a\rContent-Length: 90\r\nContent-Length: 2\r\n\r\n{}",
}


def statuses(server: Server, data: bytes) -> list[int]:
    """Send `data` on one connection and return the statuses of all answers."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(data)
        answers = connection.makefile("rb").read()
    return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3})", answers, re.MULTILINE)]


@pytest.mark.parametrize("kind", [b"application/json", b"multipart/form-data; boundary=x", b"text/plain"])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_chunked_body_is_refused(server: Server, kind: bytes, body: bytes) -> None:
    sent = HEAD + kind + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    [status] = statuses(server, sent + SECOND)
    assert status == (415 if kind == b"text/plain" else 400)


@pytest.mark.parametrize("rest", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_a_request_that_could_end_at_two_places_is_the_last_of_its_connection(server: Server, rest: bytes) -> None:
    [status] = statuses(server, HEAD.replace(b"Connection: close\r\n", b"") + b"application/json\r\n" + rest + SECOND)
    assert status in (400, 501)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_that_would_be_many_times_its_size_when_parsed(server: Server, kind: str, chunked: bool) -> None:
    body = b"&a=" * 100_000
    answer = server.request(
        "POST", "/api/v2/tag/", data=iter([body]) if chunked else body, headers={"Content-Type": kind}
    )
    refusal(answer, 413, "request_entity_too_large")


def test_a_nul_in_a_path_or_an_id(server: Server) -> None:
    path = upload(server, files.jpeg())["url"].removeprefix(server.url)
    refusal(server.request("GET", f"{path}%00"), 404, "not_found")
    refusal(server.request("GET", f"/api/v2/media/upload/{'%00' * 32}/"), 404, "upload_not_found")
    refusal(server.request("DELETE", f"/api/v2/media/upload/{'%00' * 32}/"), 404, "upload_not_found")
    large = {"image": ("a.pdf", b"%PDF-" + b" " * 1024 * 1024)}  # the row is read while it arrives
    answer = server.request("POST", CHUNK, data={"upload_id": "\0", "offset": "0"}, files=large)
    refusal(answer, 404, "upload_not_found")


@pytest.mark.parametrize("path", ["/metrics/", "/readyz/", "/readyz%2f", "/healthz/"])
def test_what_is_for_the_operator_has_one_address(server: Server, path: str) -> None:
    refusal(server.request("GET", path), 404, "not_found")
