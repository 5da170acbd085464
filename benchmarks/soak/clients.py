"""Clients that send all kinds of requests all the time, and record the results."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.http import MULTIPART, Answer, Buffer, Connection, form
from tests import files
from tests.conftest import token

KiB = 1024
MiB = 1024 * KiB
CHUNK = 200 * KiB
USERS = 5
PATIENCE = 60
"""Seconds that a client tries again while a worker is away."""


@dataclass(frozen=True)
class File:
    """A file to upload, and its frequency."""

    name: str
    data: bytes
    share: int
    kept: int
    """The number of stored objects of its media: the file, a thumbnail, a document's preview."""

    @property
    def md5(self) -> str:
        return hashlib.md5(self.data).hexdigest()


@dataclass
class Report:
    """The results of the clients; each adds to it with the lock."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    bytes: int = 0
    kept: list[tuple[str, File]] = field(default_factory=list)
    """URLs of the media that were not deleted."""
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """One client, which sends all kinds of requests until `enough()`."""

    def __init__(
        self, port: int, report: Report, number: int, pool: Sequence[File], enough: Callable[[], bool]
    ) -> None:
        super().__init__(daemon=True)
        self._connection = Connection(port)
        self._report = report
        self._chance = random.Random(number)
        self._pool = pool
        self._headers = token(number % USERS)
        self._enough = enough

    def run(self) -> None:
        try:
            while not self._enough():
                self._turn()
        except Exception as problem:  # noqa: BLE001 - whatever it is, the report must have it
            with self._report.lock:
                self._report.problems.append(repr(problem))

    def _turn(self) -> None:
        file = self._chance.choices(self._pool, [file.share for file in self._pool])[0]
        aborted = self._chance.random() < 0.1 and len(file.data) > CHUNK
        upload_id = self._send(file, len(file.data) // 2 if aborted else len(file.data))
        if aborted:
            self._ask("abort", "DELETE", f"/api/v2/media/upload/{upload_id}/", (204, 404))
            return
        fields = form({"upload_id": upload_id, "md5": file.md5})
        answer = self._ask("complete", "POST", "/api/v2/media/upload/complete/", (201,), fields, MULTIPART)
        media = answer.json()
        path = f"/api/v2/media/{media['id']}/"
        if self._ask("media", "GET", path).json() != media:
            raise AssertionError("the media has changed")
        self._read(media["url"], file)
        self._ask("tags", "GET", "/api/v2/tag/?search=tag&limit=50")
        self._ask("own media", "GET", "/api/v2/media/")
        if self._chance.random() < 0.8:
            self._ask("delete", "DELETE", path, (204, 404))
        else:
            with self._report.lock:
                self._report.kept.append((media["url"], file))

    def _send(self, file: File, size: int) -> str:
        upload_id, offset, view = "", 0, memoryview(file.data)
        while offset < size:
            piece = view[offset : offset + CHUNK]
            body = form({"upload_id": upload_id}, ("image", file.name, piece))
            where = {"Content-Range": f"bytes {offset}-{offset + len(piece) - 1}/{len(file.data)}"}
            answer = self._ask("chunk", "POST", "/api/v2/media/upload/chunk/", (201, 409), body, MULTIPART, where)
            found = answer.json()
            if int(found["offset"]) < offset:
                raise AssertionError(f"{offset} bytes were acknowledged, then {found['offset']} expected")
            upload_id, offset = upload_id or found["upload_id"], int(found["offset"])
            with self._report.lock:
                self._report.bytes += len(piece)
        return upload_id

    def _read(self, url: str, file: File) -> None:
        answer = self._ask("file", "GET", urlsplit(url).path, (200, 302))
        content = answer.body if answer.status == 200 else _fetch(answer.headers["location"])
        if content != file.data:
            raise AssertionError("other bytes came out than went in")

    def _ask(
        self,
        what: str,
        method: str,
        path: str,
        expect: Sequence[int] = (200,),
        parts: Sequence[Buffer] = (),
        content_type: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        headers = {**self._headers, **({"Content-Type": content_type} if content_type else {}), **(more or {})}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            began = time.perf_counter()
            try:
                answer = self._connection.request(method, path, headers, parts)
            except (OSError, RuntimeError):  # its worker may be gone
                self._connection.__exit__(None, None, None)
                with self._report.lock:
                    self._report.retries += 1
                time.sleep(0.05)
                continue
            with self._report.lock:
                self._report.seconds[what].append(time.perf_counter() - began)
                self._report.answers[f"{what} {answer.status}"] += 1
            if answer.status not in expect:
                raise AssertionError(f"{what} was answered {answer.status}: {answer.body[:500]!r}")
            return answer
        raise AssertionError(f"no answer within {PATIENCE} seconds")


def make_pool() -> list[File]:
    """Make the files to upload."""
    photos = [
        File(f"photo{seed}.jpg", files.jpeg(side, side, noise=True, seed=seed), 3, 2)
        for seed, side in enumerate((300, 700, 1200, 1800))
    ]
    return [
        *photos,
        File("animated.gif", files.gif(12, 320, 240, noise=True), 2, 2),
        File("paper.pdf", files.pdf(3, size=900 * KiB), 2, 3),
        File("book.pdf", files.pdf(20, size=4 * MiB), 1, 3),
    ]


def _fetch(url: str) -> bytes:
    """Return the content of a presigned URL on loopback."""
    parts = urlsplit(url)
    with Connection(parts.port or 80) as connection:
        return connection.request("GET", f"{parts.path}?{parts.query}", {}, expect=200).body
