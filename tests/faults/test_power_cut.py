"""The power is cut during uploads: completed files are there, and the other uploads go on without a hole."""

import os
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, select, update

from scapi.uploads.models import Upload
from tests import databases, files, running
from tests.client import KiB, complete, fetch, md5, send_all, send_chunk
from tests.conftest import token
from tests.faults.community import PATIENCE, patiently
from tests.faults.disk import Disk, disk
from tests.running import Server
from tests.servers import wait_until

MiB = 1024 * KiB

CUTS = int(os.environ.get("SCAPI_TEST_KILLS", "30")) // 15
"""How often the power is cut on each database; `make torture` sets more."""

CLIENTS = 3
USER = token(1)

PAPERS = [files.pdf(size=size) for size in (300 * KiB, 3 * MiB, 12 * MiB)]
"""Sizes above and below the bytes that local disk leaves unsynced."""


@dataclass
class Machine:
    """A server whose files, and SQLite database, are on a separate disk."""

    server: Server
    disk: Disk
    is_off: bool = False

    def lose_power(self) -> None:
        """Cut the power and start again."""
        self.is_off = True
        self.disk.cut()
        self.server.kill()
        self.disk.unmount()
        self.disk.mount()
        self._start_anew()
        self.is_off = False
        self.server.start()

    def answer(self, send: Callable[[], requests.Response]) -> requests.Response:
        """Send; ignore errors of a process that has outlived its disk for a moment: no real machine would send them."""
        answer = send()
        if answer.status_code == 500 and self.is_off:
            raise requests.ConnectionError("the power is off")
        return answer

    def _start_anew(self) -> None:
        """Change the boot id in the rows, as if the machine had restarted: the real boot id has not changed."""
        engine = create_engine(self.server.settings["SCAPI_DATABASE_URL"])
        with engine.begin() as connection:
            for upload_id, state in connection.execute(select(Upload.id, Upload.state)).all():
                changed = {**state, "boot": "before the power was cut"}
                connection.execute(update(Upload).where(Upload.id == upload_id).values(state=changed))
        engine.dispose()


@pytest.fixture
def machine(database: str, new_database: Callable[[str], str], tmp_path: Path) -> Iterator[Machine]:
    with disk(tmp_path, 2048 * MiB) as own:
        sqlite = database == "sqlite"
        settings = {
            "SCAPI_DATABASE_URL": databases.SQLite(own.folder).create() if sqlite else new_database(database),
            "SCAPI_DATA_DIR": str(own.folder / "data"),
        }
        os.sync()
        with running.scapi(tmp_path / "server", **settings) as server:
            yield Machine(server, own)
            server.stop()


def test_what_is_completed_is_on_disk(machine: Machine) -> None:
    media = []
    for paper in PAPERS:
        answer = complete(machine.server, send_all(machine.server, paper, 512 * KiB), md5(paper))
        assert answer.status_code == 201, answer.text
        media.append(answer.json())
    machine.lose_power()
    for paper, one in zip(PAPERS, media, strict=True):
        assert fetch(machine.server, one["url"]).content == paper
        assert fetch(machine.server, one["image_thumbnail"]["url"]).status_code == 200


def test_what_was_not_written_yet_is_asked_for_again(machine: Machine) -> None:
    paper = PAPERS[0]
    half = len(paper) // 2
    upload_id = send_chunk(machine.server, paper[:half], 0, len(paper)).json()["upload_id"]
    machine.lose_power()
    answer = machine.server.request("GET", f"/api/v2/media/upload/{upload_id}/")
    if answer.status_code == 404:  # SQLite has lost the row of its beginning
        assert machine.server.settings["SCAPI_DATABASE_URL"].startswith("sqlite")
        upload_id = send_chunk(machine.server, paper[:half], 0, len(paper)).json()["upload_id"]
    else:
        assert answer.json()["offset"] == "0"
        assert send_chunk(machine.server, paper[:half], 0, len(paper), upload_id=upload_id).status_code == 201
    assert send_chunk(machine.server, paper[half:], half, len(paper), upload_id=upload_id).status_code == 201
    media = complete(machine.server, upload_id, md5(paper)).json()
    assert fetch(machine.server, media["url"]).content == paper


class Uploader(Thread):
    """Uploads papers until `enough` is set, whatever happens to the server; records all acknowledged bytes."""

    def __init__(self, machine: Machine, seed: int, enough: Event) -> None:
        super().__init__(daemon=True)
        self.completed: list[tuple[dict[str, Any], bytes]] = []
        self.chunks = self.taken_back = 0
        self.problem = ""
        self._machine, self._server = machine, machine.server
        self._chance = random.Random(seed)
        self._enough = enough

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                self._upload(self._chance.choice(PAPERS), self._chance.choice((200 * KiB, 512 * KiB, 5 * MiB)))
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test must hear of it
            self.problem = repr(problem)

    def _upload(self, paper: bytes, size: int) -> None:
        upload_id, offset, media = None, 0, None
        while media is None:
            if offset < len(paper):
                piece = paper[offset : offset + size]
                chunk = partial(send_chunk, self._server, piece, offset, len(paper))
                send = partial(chunk, upload_id=upload_id, headers=USER)
            else:
                send = partial(complete, self._server, str(upload_id), md5(paper), headers=USER)
            answer = patiently(partial(self._machine.answer, send))
            body = answer.json()
            if answer.status_code == 404:
                upload_id, reached = None, 0
            elif answer.status_code == 201 and offset == len(paper):
                media, reached = body, offset
            else:
                assert answer.status_code in (201, 409), answer.text
                upload_id, reached = upload_id or body["upload_id"], int(body["offset"])
                self.chunks += answer.status_code == 201
            self.taken_back += max(0, offset - reached)
            offset = reached
        self.completed.append((media, paper))


def test_uploads_go_on_without_a_hole(machine: Machine, database: str) -> None:
    enough, chance = Event(), random.Random(CUTS)
    uploaders = [Uploader(machine, seed, enough) for seed in range(CLIENTS)]
    for uploader in uploaders:
        uploader.start()
    served = 0
    for _ in range(CUTS):
        _wait_for_chunks(uploaders, chance.randint(1, 80))
        completed = [uploader.completed.pop() for uploader in uploaders for _ in range(len(uploader.completed))]
        machine.lose_power()
        served += _serve_and_delete(machine.server, completed)
    enough.set()
    for uploader in uploaders:
        uploader.join(PATIENCE)
    assert [uploader.problem for uploader in uploaders if uploader.problem or uploader.is_alive()] == []
    served += _serve_and_delete(machine.server, [one for uploader in uploaders for one in uploader.completed])
    sys.stdout.write(
        f"\n{database}: {CUTS} cuts, {sum(uploader.chunks for uploader in uploaders)} chunks, {served} files, "
        f"{sum(uploader.taken_back for uploader in uploaders)} bytes asked for again\n"
    )


def _wait_for_chunks(uploaders: list[Uploader], count: int) -> None:
    """Return when `count` more chunks were acknowledged."""
    enough = count + sum(uploader.chunks for uploader in uploaders)
    wait_until(lambda: sum(uploader.chunks for uploader in uploaders) >= enough, PATIENCE, f"{count} more chunks")


def _serve_and_delete(server: Server, completed: list[tuple[dict[str, Any], bytes]]) -> int:
    """Fetch the completed files and delete them; return their number."""
    for media, paper in completed:
        assert fetch(server, media["url"]).content == paper
        assert server.request("DELETE", f"/api/v2/media/{media['id']}/", headers=USER).status_code == 204
    return len(completed)
