"""The database becomes silent, as behind a firewall that drops connections: scapi still answers."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import files, running
from tests.client import refusal, send_chunk
from tests.database.door import Door
from tests.running import Server
from tests.servers import wait_until

WITHIN = float(os.environ.get("SCAPI_TEST_SILENCE", "60"))
"""Seconds that a request may take while the database is silent; `make torture` sets it."""

PHOTO = files.jpeg(300, 300, noise=True)
HALF = len(PHOTO) // 2
CLIENTS = 12
"""More than a worker has threads."""


@pytest.fixture
def door(new_database: Callable[[str], str]) -> Iterator[Door]:
    door = Door(new_database("postgresql"))
    yield door
    door.close()


def test_a_silent_database(door: Door, tmp_path: Path) -> None:
    with running.scapi(tmp_path, workers=1, SCAPI_DATABASE_URL=door.url) as server:
        upload_id = send_chunk(server, PHOTO[:HALF], 0, len(PHOTO)).json()["upload_id"]
        door.is_silent = True
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            asked = [pool.submit(_timed, server, upload_id if number % 2 else "") for number in range(CLIENTS)]
            began = time.monotonic()
            assert server.request("GET", "/healthz").status_code == 200
            alive_after = time.monotonic() - began
            answers = [one.result() for one in asked]
        assert max(alive_after, *answers) < WITHIN
        door.is_silent = False
        rest = PHOTO[HALF:]
        wait_until(lambda: server.request("GET", "/readyz").status_code == 200, 60, "the database to be asked again")
        assert send_chunk(server, rest, HALF, len(PHOTO), upload_id=upload_id).status_code == 201


def _timed(server: Server, upload_id: str) -> float:
    """Send a request that needs the database; return the seconds until it was refused."""
    began = time.monotonic()
    if upload_id:
        answer = send_chunk(server, PHOTO[HALF:], HALF, len(PHOTO), upload_id=upload_id)
    else:
        answer = server.request("GET", "/api/v2/tag/")
    refusal(answer, 503, "database_unavailable")
    return time.monotonic() - began
