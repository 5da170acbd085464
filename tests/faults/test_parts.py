"""Hosts on S3 are killed while they make parts after their answers: no acknowledged byte is lost, nothing is left."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import requests

from tests import files, running
from tests.client import KiB, complete, md5, send_chunk
from tests.faults.community import patiently
from tests.running import Server
from tests.storehouse import contents

KILLS = max(3, int(os.environ.get("SCAPI_TEST_KILLS", "30")) // 20)
"""Kills while files are sent; `make torture` sets more."""

PAPER = files.pdf(1, size=8000 * KiB)
CHUNK = 100 * KiB


class Hosts:
    """Hosts that take the chunks of one upload in any order, each until its worker is killed and started anew."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers = servers
        self._chance = random.Random(KILLS)
        self.kills = 0

    def ask(self, send: Callable[[Server], requests.Response]) -> requests.Response:
        """Ask any of them, until one answers."""
        return patiently(lambda: send(self._chance.choice(self._servers)))

    def kill(self) -> None:
        """Kill one's worker now and then; the next one when that host answers again."""
        chance = random.Random(-KILLS)
        while self.kills < KILLS:
            time.sleep(chance.uniform(0.5, 1.5))
            server = chance.choice(self._servers)
            if workers := server.workers():
                os.kill(workers[0], signal.SIGKILL)
                self.kills += 1
            patiently(lambda server=server: server.request("GET", "/healthz"))  # type: ignore[misc]


def test_hosts_are_killed_while_they_make_parts(
    settings_for: Callable[[str, str], dict[str, str]], tmp_path: Path
) -> None:
    settings = {**settings_for("postgresql", "seaweed"), "SCAPI_RENDITION_WIDTHS": ""}
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running.scapi(tmp_path / name, workers=1, **settings)) for name in ("first", "second")
        ]
        hosts, sent = Hosts(servers), 0
        killing = threading.Thread(target=hosts.kill)
        killing.start()
        stack.callback(killing.join)
        while killing.is_alive():
            upload(hosts)
            sent += 1
    print(f"\n{hosts.kills} kills, {sent} files")
    servers[0].scapi("sweep", "--older-than", "0")
    assert len(contents(settings)) == 3 * sent


def upload(hosts: Hosts) -> None:
    """Send the file, going on where the hosts say; see it whole."""
    upload_id, offset = "", 0
    while offset < len(PAPER):
        piece = PAPER[offset : offset + CHUNK]
        answer = hosts.ask(partial(send_chunk, data=piece, start=offset, total=len(PAPER), upload_id=upload_id or None))
        assert answer.status_code in (201, 409), answer.text
        upload_id = upload_id or answer.json()["upload_id"]
        assert int(answer.json()["offset"]) >= offset, "what was acknowledged was asked for again"
        offset = int(answer.json()["offset"])
    answer = hosts.ask(lambda host: complete(host, upload_id, md5(PAPER)))
    assert answer.status_code == 201, answer.text
    path = "/media/" + str(answer.json()["url"]).partition("/media/")[2]
    assert hosts.ask(lambda host: host.request("GET", path)).content == PAPER
