"""Everything at once for some minutes: uploads, completes, reads, deletes, aborts; and what of it stays behind.

    python -m benchmarks.soak [--minutes 6] [--database postgresql|sqlite] [--storage local|moto|seaweedfs]
        [--clients 8] [--workers 2] [--kill]

Prints errors, latencies, and memory, file descriptors, threads and database connections of the workers as time goes
by; a worker's memory of the last minute beside that of the second says whether it creeps. With `--kill` a worker is
killed in the middle, and every file is read again at the end. Fails for any error, and for any byte that is lost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks import places
from benchmarks.http import MULTIPART, Answer, Buffer, Connection, form
from tests import databases, files
from tests.conftest import token
from tests.running import Server
from tests.storehouse import contents

KiB = 1024
MiB = 1024 * KiB
CHUNK = 200 * KiB
USERS = 5
TAGS = 100
EVERY = 15
"""Seconds between two looks at the workers."""

PATIENCE = 60
"""Seconds that a client tries again while a worker is away."""


@dataclass(frozen=True)
class File:
    """What is uploaded, and how often among all files."""

    name: str
    data: bytes
    share: int
    kept: int
    """Objects that a media of it keeps: the file, a thumbnail, a document's preview."""

    @property
    def md5(self) -> str:
        return hashlib.md5(self.data).hexdigest()


@dataclass
class Report:
    """What the clients saw; each adds to it under the lock."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    bytes: int = 0
    kept: list[tuple[str, File]] = field(default_factory=list)
    """URLs of the media that were not deleted."""
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """One client, which does everything that clients do until `enough()`."""

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
            except (OSError, RuntimeError):  # its worker is gone, perhaps
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


@dataclass(frozen=True)
class Look:
    """What the workers hold at a moment, `second` seconds after the beginning."""

    second: float
    resident: dict[int, int]
    private: dict[int, int]
    descriptors: dict[int, int]
    threads: dict[int, int]
    connections: int

    @classmethod
    def at(cls, server: Server, began: float) -> Look:
        """Look at the workers now."""
        pids = server.workers()
        rollups = {pid: _kilobytes(Path(f"/proc/{pid}/smaps_rollup")) for pid in pids}
        return cls(
            time.monotonic() - began,
            {pid: found["Rss"] for pid, found in rollups.items()},
            {pid: found["Private_Clean"] + found["Private_Dirty"] for pid, found in rollups.items()},
            {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids},
            {pid: len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids},
            _connections(server),
        )

    def __str__(self) -> str:
        columns = [
            " ".join(f"{size // KiB}" for size in self.resident.values()),
            " ".join(f"{size // KiB}" for size in self.private.values()),
            " ".join(map(str, self.descriptors.values())),
            " ".join(map(str, self.threads.values())),
            str(self.connections),
        ]
        return f"| {self.second:.0f} | " + " | ".join(columns) + " |"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--database", choices=databases.KINDS, default="postgresql")
    parser.add_argument("--storage", choices=places.STORAGES, default="local")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    print(options)
    pool = _pool()
    with places.serve(options.database, options.storage, workers=options.workers) as server:
        for number in range(TAGS):
            server.request("POST", "/api/v2/tag/", json={"name": f"tag {number}"}).raise_for_status()
        report = soak(server, pool, options.clients, options.minutes * 60, kill=options.kill)
        print_report(report)
        check(server, report)
    if report.problems:
        raise SystemExit("\n".join(report.problems))


def soak(server: Server, pool: Sequence[File], count: int, seconds: float, *, kill: bool) -> Report:
    """Let the clients run, print what the workers hold meanwhile, and return what the clients saw."""
    report, over, began = Report(), threading.Event(), time.monotonic()
    print("\n| second | RSS MiB | of it private | descriptors | threads | database connections |")
    print("|---|---|---|---|---|---|")
    print(Look.at(server, began))
    port = int(server.url.rpartition(":")[2])
    clients = [Client(port, report, number, pool, over.is_set) for number in range(count)]
    for client in clients:
        client.start()
    while (left := began + seconds - time.monotonic()) > 0 and not report.problems:
        over.wait(min(EVERY, left))
        print(Look.at(server, began), flush=True)
        if kill and time.monotonic() - began > seconds / 2:
            kill = False
            victim = server.workers()[0]
            os.kill(victim, signal.SIGKILL)
            print(f"worker {victim} was killed", flush=True)
    over.set()
    for client in clients:
        client.join(PATIENCE * 2)
    time.sleep(20)  # longer than connections are kept
    print(Look.at(server, began))
    return report


def print_report(report: Report) -> None:
    """Print how often things were asked for, and how long they took."""
    print("\n| what | times | p50 ms | p90 ms | p99 ms | most ms |\n|---|---|---|---|---|---|")
    for what, seconds in sorted(report.seconds.items()):
        cuts = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
        times = " | ".join(f"{value * 1000:.1f}" for value in (cuts[49], cuts[89], cuts[98], max(seconds)))
        print(f"| {what} | {len(seconds)} | {times} |")
    print(f"\nanswers {json.dumps(dict(sorted(report.answers.items())))}")
    print(f"{report.bytes / MiB:.0f} MiB sent, {report.retries} retries, {len(report.kept)} media kept")


def check(server: Server, report: Report) -> None:
    """Read all files that were kept, and see that nothing else is there once the sweeper was there."""
    for url, file in report.kept:
        answer = server.request("GET", urlsplit(url).path)
        if answer.status_code != 200 or answer.content != file.data:
            report.problems.append(f"lost: {url}: {answer.status_code}")
    server.flask("uploads", "expire", "--older-than", "0")
    expected, found = sum(file.kept for _, file in report.kept), len(contents(server.settings))
    print(f"{found} files in the storage, {expected} expected")
    if report.retries == 0 and found != expected:
        report.problems.append(f"{found - expected} files too many in the storage")


def _pool() -> list[File]:
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
    """Return what is behind a presigned URL on loopback."""
    parts = urlsplit(url)
    with Connection(parts.port or 80) as connection:
        return connection.request("GET", f"{parts.path}?{parts.query}", {}, expect=200).body


def _kilobytes(file: Path) -> dict[str, int]:
    fields = (line.split() for line in file.read_text().splitlines()[1:])
    return {name.rstrip(":"): int(size) for name, size, *_ in fields}


def _connections(server: Server) -> int:
    """Return how many connections the database has of this server; SQLite has none."""
    url = server.settings["SCAPI_DATABASE_URL"]
    if not url.startswith("postgresql"):
        return 0
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found: Any = connection.execute(
            "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        ).fetchone()
    return int(found[0])


if __name__ == "__main__":
    main()
