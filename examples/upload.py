#!/usr/bin/env python3
"""Uploads images and PDFs in chunks: python examples/upload.py photo.jpg minutes.pdf

Continues interrupted uploads, also in the middle of a chunk and after a restart. Tries again, after growing pauses, if
the network or the server is away. Prints the URL of each file.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["requests>=2.32", "tenacity>=9", "tqdm>=4.66"]
# ///

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

import requests
from tenacity import RetryCallState, retry, retry_if_exception, stop_after_attempt, wait_exponential, wait_random
from tqdm import tqdm

TIMEOUT = 60
"""Seconds that the server may be silent."""

ATTEMPTS = 12
"""The most attempts of one request, over about ten minutes."""

PASSING = (429, 500, 502, 503, 504)
"""HTTP statuses after which the same request may succeed later."""

GONE = (404, 410)
"""HTTP statuses of an upload that no longer exists."""

WORTH_ANOTHER_RUN = (401, 403, *PASSING)
"""HTTP statuses after which the upload can go on, later or with another token."""

FIRST = 200 * 1024
"""Bytes of the first chunk. Before its answer, a broken chunk is not kept."""

BLOCK = 1024 * 1024
"""Bytes to read at a time of the part that an earlier run has sent."""

backoff = wait_exponential(multiplier=0.5, max=120) + wait_random(0, 0.5)


class Refused(Exception):
    """The server refused the request; the message says why."""

    def __init__(self, answer: requests.Response) -> None:
        self.status = answer.status_code
        self.retry_after = answer.headers.get("Retry-After", "")
        try:
            self.body: dict[str, Any] = answer.json()
        except requests.JSONDecodeError:  # a proxy's answer
            self.body = {"message": f"{answer.status_code} {answer.reason}"}
        super().__init__(self.body["message"])


BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
"""The exceptions when a connection breaks or becomes silent."""


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, Refused):
        return error.status in PASSING
    return isinstance(error, BROKEN)


def pause(attempt: RetryCallState) -> float:
    """Return the seconds until the next attempt: at least what the server asks for, and more each time."""
    error = attempt.outcome.exception() if attempt.outcome else None
    asked = error.retry_after if isinstance(error, Refused) else ""
    return max(backoff(attempt), float(asked) if asked.isdigit() else 0)


def say(attempt: RetryCallState) -> None:
    """Print the reason of a pause."""
    reason = attempt.outcome.exception() if attempt.outcome else None
    tqdm.write(f"{reason}; trying again in {attempt.upcoming_sleep:.1f} s", file=sys.stderr)


patiently = retry(
    retry=retry_if_exception(may_pass),
    wait=pause,
    stop=stop_after_attempt(ATTEMPTS),
    before_sleep=say,
    reraise=True,
)
"""A decorator: repeats a method after temporary errors."""


class Source:
    """A file that is hashed while it is read, from its first byte to its last."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hashed = 0

    def read(self, offset: int, size: int) -> bytes:
        """Return the bytes from `offset` on."""
        while self._hashed < offset:  # an earlier run has sent these bytes
            self._hash(self._hashed, min(BLOCK, offset - self._hashed))
        return self._hash(offset, size)

    def hexdigest(self, size: int) -> str:
        """Return the MD5 of the file's `size` bytes."""
        self.read(size, 0)
        return self._md5.hexdigest()

    def _hash(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) < size:
            raise OSError("the file has become shorter")
        self._md5.update(data[self._hashed - offset :])
        self._hashed = max(self._hashed, offset + size)
        return data


class Client:
    """A client for uploads to scapi."""

    def __init__(self, api: str, token: str | None) -> None:
        self._api = api.rstrip("/")
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    @patiently
    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return self._once(method, path, **options)

    def _once(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._session.request(method, self._api + path, timeout=TIMEOUT, **options)
        if not answer.ok:
            raise Refused(answer)
        body: dict[str, Any] = answer.json()
        return body

    def offset(self, upload_id: str, size: int) -> int | None:
        """Return the offset of an earlier upload; None if it cannot be continued."""
        try:
            upload = self._request("GET", f"/media/upload/{upload_id}/")
        except Refused as refused:
            if refused.status in GONE:
                return None
            raise
        return int(upload["offset"]) if upload["total"] == str(size) else None

    @patiently
    def send(self, upload_id: str, name: str, chunk: bytes, offset: int, size: int) -> tuple[str, int]:
        """Send a chunk, and return the upload's id and the offset of the next one.

        The server keeps the received bytes of a broken chunk.
        """
        place = {"Content-Range": f"bytes {offset}-{offset + len(chunk) - 1}/{size}"}
        files = {"image": (name, chunk, "application/octet-stream")}
        try:
            upload = self._once(
                "POST", "/media/upload/chunk/", headers=place, data={"upload_id": upload_id}, files=files
            )
        except BROKEN:
            came = int(self._once("GET", f"/media/upload/{upload_id}/")["offset"]) if upload_id else offset
            if came <= offset:
                raise
            return upload_id, came
        except Refused as refused:
            if refused.status == 409 and "offset" in refused.body:  # the answer says where to go on
                return upload_id, int(refused.body["offset"])
            raise
        return upload["upload_id"], int(upload["offset"])

    def complete(self, upload_id: str, md5: str) -> dict[str, Any]:
        """Complete an upload whose bytes were all sent, and return its media."""
        return self._request("POST", "/media/upload/complete/", json={"upload_id": upload_id, "md5": md5})


def note_of(api: str, path: Path) -> Path:
    """Return the file that stores the id of an unfinished upload of this file in its current state."""
    facts = path.stat()
    name = f"{api}\n{path.resolve()}\n{facts.st_size}\n{facts.st_mtime_ns}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "scapi-upload"
    cache.mkdir(parents=True, exist_ok=True)
    return cache / hashlib.sha256(name.encode()).hexdigest()


def upload(client: Client, path: Path, note: Path, chunk_size: int) -> dict[str, Any]:
    """Upload a file, or the rest of it if `note` names an unfinished upload, and return its media."""
    size = path.stat().st_size
    upload_id = note.read_text() if note.exists() else ""
    offset = client.offset(upload_id, size) if upload_id else None
    if offset is None:
        upload_id, offset = "", 0
    bar = tqdm(desc=path.name, total=size, initial=offset, unit="B", unit_scale=True, unit_divisor=1024)
    with path.open("rb") as file, bar:
        source = Source(file)
        while offset < size or not upload_id:
            most = chunk_size if upload_id else min(chunk_size, FIRST)
            chunk = source.read(offset, min(most, size - offset))
            known, (upload_id, offset) = upload_id, client.send(upload_id, path.name, chunk, offset, size)
            if upload_id != known:
                note.write_text(upload_id)
            bar.update(offset - bar.n)
        media = client.complete(upload_id, source.hexdigest(size))
    note.unlink()
    return media


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--api", default="http://127.0.0.1:8000/api/v2", help="default: %(default)s")
    parser.add_argument("--token", default=os.environ.get("SCAPI_TOKEN"), help="bearer token; default: $SCAPI_TOKEN")
    parser.add_argument("--chunk-size", type=int, default=5 * 1024 * 1024, help="in bytes; default: %(default)s")
    options = parser.parse_args()
    client = Client(options.api, options.token)
    failed = 0
    for path in options.files:
        try:
            print(upload(client, path, note_of(options.api, path), options.chunk_size)["url"])
        except (Refused, OSError) as error:  # exceptions of requests are OSErrors too
            print(f"{path}: {error}", file=sys.stderr)
            failed = 1
            if isinstance(error, Refused) and error.status not in WORTH_ANOTHER_RUN:
                note_of(options.api, path).unlink(missing_ok=True)
        except KeyboardInterrupt:
            print("interrupted; the same command goes on from here", file=sys.stderr)
            return 130
    return failed


if __name__ == "__main__":
    sys.exit(main())
