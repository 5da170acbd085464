"""Does what real clients do: cuts a file into chunks, posts them one by one, sends complete."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import requests
from urllib3 import encode_multipart_formdata

from tests.running import Server

CHUNK = "/api/v2/media/upload/chunk/"
COMPLETE = "/api/v2/media/upload/complete/"
KiB = 1024


def md5(data: bytes) -> str:
    """Return the MD5 as clients send it."""
    return hashlib.md5(data).hexdigest()


def chunk_form(data: bytes, upload_id: str = "", **fields: str) -> dict[str, Any]:
    """Return a chunk's form as a ready body for Werkzeug's test client.

    The test client's own encoding differs from that of real clients: an empty field has no end of its header.
    """
    form: dict[str, str | tuple[str, bytes]] = {"upload_id": upload_id, **fields, "image": ("photo.jpg", data)}
    body, content_type = encode_multipart_formdata(form)
    return {"data": body, "content_type": content_type}


def send_chunk(
    server: Server,
    data: bytes,
    start: int | None = None,
    total: int | None = None,
    *,
    upload_id: str | None = None,
    filename: str = "file",
    part: str = "image",
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> requests.Response:
    """Post one chunk; with `start` it carries a Content-Range."""
    fields = dict(form or {})
    if upload_id is not None:
        fields["upload_id"] = upload_id
    sent = dict(headers or {})
    if start is not None:
        sent["Content-Range"] = f"bytes {start}-{start + len(data) - 1}/{'*' if total is None else total}"
    files = {part: (filename, data, "application/octet-stream")}
    return server.request("POST", CHUNK, data=fields, files=files, headers=sent)


def pieces(data: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield `data` in chunks of `size` bytes, each with its offset."""
    for start in range(0, len(data), size):
        yield start, data[start : start + size]


def send_all(
    server: Server, data: bytes, size: int = 200 * KiB, *, filename: str = "file", headers: dict[str, str] | None = None
) -> str:
    """Post all chunks of a file and return the upload's id."""
    upload_id: str | None = None
    for start, piece in pieces(data, size):
        answer = send_chunk(server, piece, start, len(data), upload_id=upload_id, filename=filename, headers=headers)
        assert answer.status_code == 201, answer.text
        upload_id = answer.json()["upload_id"]
        assert answer.json()["offset"] == str(start + len(piece))
    assert upload_id
    return upload_id


def complete(
    server: Server, upload_id: str, digest: str, kind: str | None = None, *, headers: dict[str, str] | None = None
) -> requests.Response:
    """Send complete like the JavaScript client: in a multipart form."""
    fields: dict[str, Any] = {"upload_id": (None, upload_id), "md5": (None, digest)}
    if kind is not None:
        fields["type"] = (None, kind)
    return server.request("POST", COMPLETE, files=fields, headers=headers)


def upload(
    server: Server,
    data: bytes,
    kind: str | None = None,
    *,
    filename: str = "file",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Upload a file and return its media."""
    upload_id = send_all(server, data, filename=filename, headers=headers)
    answer = complete(server, upload_id, md5(data), kind, headers=headers)
    assert answer.status_code == 201, answer.text
    media: dict[str, Any] = answer.json()
    return media


def fetch(server: Server, url: str, **options: Any) -> requests.Response:
    """Get a file by the absolute URL that the API gave."""
    assert url.startswith(server.url + "/media/"), url
    return server.request("GET", url.removeprefix(server.url), **options)


def refusal(answer: requests.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """Check that `answer` has the common error body, with this status and code, and return it."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["code"] == status
    assert body["status"]
    assert body["message"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    if field is None:
        assert [item["code"] for item in body["errors"]] == [code], body
    else:
        found = {item["field"]: [message["code"] for message in item["messages"]] for item in body["errors"]}
        assert found == {field: [code]}, body
    assert "Traceback" not in answer.text
    return body


def at_once(actions: Sequence[Callable[[], requests.Response]]) -> list[requests.Response]:
    """Do everything at the same moment and return the answers in the order of `actions`."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], requests.Response]) -> requests.Response:
        barrier.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def statuses(answers: Sequence[requests.Response]) -> Counter[int]:
    """Count the answers by status."""
    return Counter(answer.status_code for answer in answers)
