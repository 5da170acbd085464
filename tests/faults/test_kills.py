"""Processes are killed with SIGKILL at random moments while clients upload: nothing is lost, nothing is left."""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import requests

from tests.faults.community import Client, Report
from tests.running import Server
from tests.storehouse import contents

KILLS = int(os.environ.get("SCAPI_TEST_KILLS", "12"))
"""Kills in each place; `make torture` sets more."""

CLIENTS = 4


def test_nothing_is_lost(place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]) -> None:
    # forked workers are back at once; but an S3 client that was used before the fork cannot be shared
    on_s3 = "local" not in place
    preload = {} if on_s3 else {"GUNICORN_CMD_ARGS": "--preload"}
    kills = KILLS // 3 if on_s3 else KILLS
    with serve(place, **preload, SCAPI_RENDITION_WIDTHS="") as server:
        report, over = Report(), threading.Event()
        clients = [Client([server], report, seed, over.is_set) for seed in range(CLIENTS)]
        for client in clients:
            client.start()
        killed = _kill_at_random(server, kills, alive=lambda: any(client.is_alive() for client in clients))
        over.set()
        for client in clients:
            client.join(timeout=300)
        _report(place, killed, report)
        assert report.problems == []
        assert not any(client.is_alive() for client in clients)
        assert killed == kills
        assert report.uploads >= CLIENTS
        for url in report.urls:
            assert server.request("GET", url).status_code == 200
        server.scapi("sweep", "--older-than", "0")
        assert len(contents(server.settings)) == len(report.urls)


def _kill_at_random(server: Server, kills: int, alive: Callable[[], bool]) -> int:
    """Kill a worker, or every sixth time all processes, after pauses of up to a third of a second."""
    chance = random.Random(kills)
    done = 0
    while done < kills and alive():
        time.sleep(chance.uniform(0.01, 0.3))
        if done % 6 == 5:
            server.kill()
            server.start()
            done += 1
        elif workers := server.workers():
            with suppress(ProcessLookupError):  # it was being replaced
                os.kill(chance.choice(workers), signal.SIGKILL)
                done += 1
                _wait_for_an_answer(server)
    return done


def _wait_for_an_answer(server: Server) -> None:
    for _ in range(1200):
        with suppress(requests.ConnectionError):
            server.request("GET", "/nowhere")
            return
        time.sleep(0.05)
    raise AssertionError(server.log.read_text())


def _report(place: tuple[str, str], killed: int, report: Report) -> None:
    sys.stdout.write(
        f"\n{'+'.join(place)}: {killed} kills, {report.uploads} files, {report.bytes} bytes, "
        f"{report.retries} retries, {len(report.problems)} problems\n"
    )
