"""The inspection gets broken files, and is killed: no permanent 5xx, nothing lost, nothing left behind."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path

from tests import files
from tests.client import complete, md5, send_chunk
from tests.faults.community import Client, Report, patiently
from tests.running import Server
from tests.storehouse import contents

BROKEN = int(os.environ.get("SCAPI_TEST_BROKEN", "60"))
"""The number of broken files; `make torture` sets more."""

COMPLETES = int(os.environ.get("SCAPI_TEST_COMPLETES", "25"))
"""The number of completes during which processes are killed; `make torture` sets more."""

PLACE = ("sqlite", "local")
CLIENTS = 4

WHOLE = (
    files.jpeg(300, 200, noise=True, gps=True, exif_orientation=6),
    files.jpeg(300, 200, noise=True, progressive=True),
    files.mpo(120, 90),
    files.png(120, 90, noise=True, gps=True),
    files.png(64, 48, frames=3),
    files.gif(3),
    files.webp(120, 90, noise=True, gps=True),
    files.webp(64, 48, frames=3),
    files.pdf(3, title="Titel"),
)


def mutated(number: int) -> bytes:
    """A complete file with some bytes changed, cut, doubled, moved or lost; mostly not the first ones."""
    chance = random.Random(number)
    data = bytearray(chance.choice(WHOLE))
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at, length = chance.randrange(4, len(data)), chance.choice((1, 1, 2, 4, 50))
        match chance.randrange(6):
            case 0 | 1:
                data[at : at + length] = chance.randbytes(min(length, len(data) - at))
            case 2:
                data[at : at + length] = bytes([chance.choice((0, 0x7F, 0xFF))]) * min(length, len(data) - at)
            case 3 if len(data) > 100:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + 100 * length]
            case _:
                del data[max(at, 16) :]
    return bytes(data)


def test_broken_files(serve: Callable[..., AbstractContextManager[Server]]) -> None:
    with serve(PLACE, workers=1) as server:
        (worker,) = server.workers()
        first = send_broken(server, range(BROKEN // 3))  # each client keeps one database connection open
        before = descriptors(worker)
        answers = first + send_broken(server, range(BROKEN // 3, BROKEN))
        print(f"\n{BROKEN} broken files: {dict(answers)}")
        assert answers.keys() <= {201, 400, 413, 415}
        assert server.workers() == [worker]
        wait_for(lambda: not any(children(warm) for warm in children(worker)))
        wait_for(lambda: descriptors(worker) <= before + 6)  # one more connection has three
        for data in (files.jpeg(), files.pdf()):  # a place is free
            assert upload(server, data) == 201


def send_broken(server: Server, numbers: range) -> "Counter[int]":
    """Send broken files, several at a time; return the counts of statuses."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        return Counter(clients.map(lambda number: upload(server, mutated(number)), numbers))


def upload(server: Server, data: bytes) -> int:
    answer = send_chunk(server, data, 0, len(data))
    if answer.status_code != 201:
        return answer.status_code
    return complete(server, answer.json()["upload_id"], md5(data)).status_code


def test_killed_inspections(serve: Callable[..., AbstractContextManager[Server]]) -> None:
    with serve(PLACE, SCAPI_RENDITION_WIDTHS="") as server:
        report, over = Report(), threading.Event()
        clients = [
            Client([server], report, seed, lambda: over.is_set() or report.uploads >= COMPLETES)
            for seed in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        killed = Counter[str]()
        chance = random.Random(COMPLETES)
        for _ in range(COMPLETES // 2):
            time.sleep(chance.uniform(0.02, 0.2))
            kind, before = chance.choice(("job", "job", "job", "job", "warm", "warm", "worker")), report.uploads
            kill(server, kind, killed)
            if kind == "worker":  # the next one is killed after it has worked, not while it starts
                wait_for(partial(_goes_on, report, before))
        wait_for(lambda: report.uploads >= COMPLETES or report.problems)
        over.set()
        for client in clients:
            client.join(timeout=300)
        print(f"\n{report.uploads} completes, killed {dict(killed)}, {report.retries} retries")
        assert report.problems == []
        assert not any(client.is_alive() for client in clients)
        assert report.uploads >= COMPLETES
        for url in report.urls:
            assert patiently(partial(server.request, "GET", url)).status_code == 200
        server.scapi("sweep", "--older-than", "0")
        assert len(contents(server.settings)) == len(report.urls)


def kill(server: Server, kind: str, killed: "Counter[str]") -> None:
    """Kill a job's process, a warm process, or a worker, if there is one now."""
    workers = server.workers()
    warm = [pid for worker in workers for pid in children(worker)]
    found = {"worker": workers, "warm": warm, "job": [pid for one in warm for pid in children(one)]}[kind]
    with suppress(ProcessLookupError):
        if found:
            os.kill(random.choice(found), signal.SIGKILL)
            killed[kind] += 1


def children(pid: int) -> list[int]:
    """The child processes of a process, started by any of its threads."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _goes_on(report: Report, before: int) -> bool:
    return report.uploads > before or bool(report.problems)


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
