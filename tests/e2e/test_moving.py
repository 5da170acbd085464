"""Moves: from local files to S3 under traffic, from one database to another, and back to an older database."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, func, insert, inspect, select, text

from scapi.database import db
from scapi.media.models import MediaClick
from tests import files, running
from tests.client import complete, md5, send_chunk, upload
from tests.conftest import token
from tests.databases import KINDS
from tests.running import ROOT, Server, environment

MEDIA = int(os.environ.get("SCAPI_TEST_MEDIA", "16"))
"""How many media are moved; `make torture` moves 500."""

DATABASES = KINDS if "SCAPI_TEST_MEDIA" in os.environ else ("postgresql",)
"""Two hosts usually share PostgreSQL; `make torture` tries SQLite, too."""

PAUSE = 0.05
"""Seconds between two rounds of a thread: the traffic must not take all the time of a processor."""

UNFINISHED = max(3, MEDIA // 25)
ADMIN = token(1, admin=True)


@dataclass
class Traffic(threading.Thread):
    """Uploads, reads and deletes on several hosts until it is stopped; records what must exist and what must not."""

    servers: Sequence[Server]
    seed: int
    stopped: threading.Event
    kept: dict[str, str] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.chance = random.Random(self.seed)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        try:
            while not self.stopped.is_set():
                self.step()
                self.stopped.wait(PAUSE)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test must hear of it
            self.problems.append(repr(problem))

    def any_server(self) -> Server:
        return self.chance.choice(self.servers)

    def step(self) -> None:
        photo = files.jpeg(noise=True, seed=self.chance.randrange(2**32))
        media = self._uploaded(photo)
        path = "/media/" + media["url"].partition("/media/")[2]
        if self.chance.random() < 0.4:
            gone = self.any_server().request("DELETE", f"/api/v2/media/{media['id']}/", headers=ADMIN)
            assert gone.status_code == 204, gone.text
            self.deleted.append(path)
        else:
            self.kept[path] = md5(photo)
        for known in self.chance.sample(list(self.kept), min(3, len(self.kept))):
            check_served(self.any_server(), known, self.kept[known])

    def _uploaded(self, photo: bytes) -> dict[str, Any]:
        half = len(photo) // 2
        first = send_chunk(self.any_server(), photo[:half], 0, len(photo))
        assert first.status_code == 201, first.text
        upload_id = first.json()["upload_id"]
        second = send_chunk(self.any_server(), photo[half:], half, len(photo), upload_id=upload_id)
        assert second.status_code == 201, second.text
        made = complete(self.any_server(), upload_id, md5(photo))
        assert made.status_code == 201, made.text
        media: dict[str, Any] = made.json()
        return media


def check_served(server: Server, path: str, digest: str) -> None:
    answer = server.request("GET", path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
    assert md5(answer.content) == digest


def command(settings: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start a command in its own process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "scapi", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(settings: dict[str, str], *arguments: str, code: int = 0) -> str:
    """Run a command to its end and return what it prints."""
    process = command(settings, *arguments)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == code, said
    return said


def kill(process: subprocess.Popen[str], after: Callable[[], bool]) -> bool:
    """Kill a command as soon as `after()` is true; return whether it was still running."""
    while process.poll() is None and not after():
        time.sleep(0.01)
    was_running = process.poll() is None
    if was_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


@pytest.fixture
def both(settings_for: Callable[[str, str], dict[str, str]], database: str) -> dict[str, str]:
    """The settings of a place that has local files and S3."""
    settings = settings_for(database, "seaweed")
    del settings["SCAPI_STORAGE"]
    return settings


def fewer_files_than(wanted: int, settings: dict[str, str]) -> Callable[[], bool]:
    """Return a condition that is true when fewer than `wanted` files are local."""
    engine = create_engine(settings["SCAPI_DATABASE_URL"], poolclass=NullPool)

    def holds() -> bool:
        with engine.connect() as connection:
            left = connection.execute(text("SELECT count(*) FROM media_files WHERE storage = 'local'"))
            return int(left.scalar_one()) < wanted

    return holds


@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_files_move_while_two_hosts_go_on(both: dict[str, str], tmp_path: Path) -> None:
    before = {**both, "SCAPI_STORAGE": "local", "SCAPI_STORAGE_BEFORE": "s3"}
    after = {**both, "SCAPI_STORAGE": "s3", "SCAPI_STORAGE_BEFORE": "local"}
    kept: dict[str, str] = {}
    with ExitStack() as stack:
        old = stack.enter_context(running.scapi(tmp_path / "old", workers=1, **before))
        new = stack.enter_context(running.scapi(tmp_path / "new", workers=1, **after))
        for number in range(MEDIA):
            photo = files.jpeg(noise=True, seed=number)
            kept["/media/" + upload(old, photo)["url"].partition("/media/")[2]] = md5(photo)
        unfinished = [begin(old, files.jpeg(noise=True, seed=10_000 + number)) for number in range(UNFINISHED)]

        stopped = threading.Event()
        traffic = [Traffic((old, new), seed, stopped) for seed in range(2)]
        for thread in traffic:
            thread.start()
        for part in (3, 1):  # twice in the middle
            copying = command(after, "storage", "copy", "--to", "s3", "--jobs", "2")
            kill(copying, fewer_files_than(MEDIA * part // 2, both))
        run(after, "storage", "copy", "--to", "s3")
        for number, (upload_id, photo) in enumerate(unfinished):
            server = (old, new)[number % 2]
            rest = len(photo) // 2
            assert send_chunk(server, photo[rest:], rest, len(photo), upload_id=upload_id).status_code == 201
            made = complete((new, old)[number % 2], upload_id, md5(photo))
            assert made.status_code == 201, made.text
            kept["/media/" + made.json()["url"].partition("/media/")[2]] = md5(photo)
        stopped.set()
        for thread in traffic:
            thread.join()
        assert [problem for thread in traffic for problem in thread.problems] == []
        old.stop()
        assert "0 failed" in run(after, "storage", "copy", "--to", "s3")
        for thread in traffic:
            kept |= thread.kept
            assert thread.kept
        for path, digest in kept.items():
            check_served(new, path, digest)
        for path in (path for thread in traffic for path in thread.deleted):
            assert new.request("GET", path).status_code == 404
    alone = {**both, "SCAPI_STORAGE": "s3"}
    said = run(alone, "check", "--bytes", "--orphans-older-than", "0")
    assert f"checked {2 * len(kept)} files" in said
    assert "0 lost, 0 damaged, 0 orphan" in said


def begin(server: Server, photo: bytes) -> tuple[str, bytes]:
    """Send the first half of a file."""
    answer = send_chunk(server, photo[: len(photo) // 2], 0, len(photo))
    assert answer.status_code == 201, answer.text
    return answer.json()["upload_id"], photo


def test_a_start_that_would_forget_a_storage_is_refused(both: dict[str, str], tmp_path: Path) -> None:
    with running.scapi(tmp_path, workers=1, **both, SCAPI_STORAGE="local") as server:
        upload(server, files.jpeg())
    done = command({**both, "SCAPI_STORAGE": "s3"}, "check")
    said = done.communicate()[0]
    assert done.returncode == os.EX_CONFIG
    assert "SCAPI_STORAGE_BEFORE=local" in said


CLICKS = 20_000
"""Rows that let a copy of a database take about a second."""


def test_a_database_moves_and_ids_go_on(
    database: str, new_database: Callable[[str], str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    here = {"SCAPI_DATABASE_URL": new_database(database), "SCAPI_DATA_DIR": str(tmp_path / "data")}
    other = "postgresql" if database == "sqlite" else "sqlite"
    target = empty_database(other, request, tmp_path)
    with running.scapi(tmp_path / "before", workers=1, **here) as server:
        media = [upload(server, files.jpeg(noise=True, seed=number), headers=token(7)) for number in range(3)]
        tag = server.request("POST", "/api/v2/tag/", json={"name": "Città"}, headers=ADMIN).json()
        link = {"type": "embed", "embed_type": "video", "embed_id": "1", "metadata": {"a": [1, None]}}
        embed = server.request("POST", "/api/v2/media/", json=link, headers=token(7)).json()
        upload_id, photo = begin(server, files.jpeg(noise=True, seed=9))
        assert server.request("DELETE", f"/api/v2/media/{embed['id']}/", headers=token(7)).status_code == 204
        listed = server.request("GET", "/api/v2/media/", headers=token(7)).json()
    clicks = [{"media_id": media[0]["id"], "visitor": f"visitor {number}"} for number in range(CLICKS)]
    with create_engine(here["SCAPI_DATABASE_URL"], poolclass=NullPool).begin() as connection:
        connection.execute(insert(MediaClick), clicks)
    rows = counts(here["SCAPI_DATABASE_URL"])
    process = command(here, "database", "copy", "--to", target)
    assert kill(process, lambda: is_being_written(target))
    assert set(counts(target).values()) == {0}
    assert "verified" in run(here, "database", "copy", "--to", target)
    assert counts(target) == rows
    assert "is not empty" in run(here, "database", "copy", "--to", target, code=1)
    assert counts(target) == rows
    there = {**here, "SCAPI_DATABASE_URL": target}
    with running.scapi(tmp_path / "after", workers=1, **there) as server:
        moved = server.request("GET", "/api/v2/media/", headers=token(7)).json()
        assert [one["id"] for one in moved["results"]] == [one["id"] for one in listed["results"]]
        assert moved["results"][0]["title"] == listed["results"][0]["title"]
        check_served(server, "/media/" + media[0]["url"].partition("/media/")[2], md5(files.jpeg(noise=True, seed=0)))
        found = server.request("GET", "/api/v2/tag/", params={"search": "citta"}).json()
        assert [one["id"] for one in found["results"]] == [tag["id"]]
        rest = len(photo) // 2
        assert send_chunk(server, photo[rest:], rest, len(photo), upload_id=upload_id).status_code == 201
        made = complete(server, upload_id, md5(photo))
        assert made.status_code == 201, made.text
        assert made.json()["id"] > embed["id"]


def is_being_written(url: str) -> bool:
    """Return whether rows are being written into a database that has all tables already."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return Path(f"{file}-journal").exists() and has_tables(url)
    writing = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'INSERT INTO %'"
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return has_tables(url) and bool(connection.execute(text(writing)).scalar())


def has_tables(url: str) -> bool:
    return inspect(create_engine(url, poolclass=NullPool)).has_table("media_clicks")


def counts(url: str) -> dict[str, int]:
    """Return the number of rows of each table of scapi, after the last write."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in db.metadata.sorted_tables
        }


def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'target.sqlite3'}"
    made: str = request.getfixturevalue("postgresql").create("template0")
    return made
