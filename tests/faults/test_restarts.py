"""Reloads and restarts under load: no request fails, and none waits for workers that are still starting."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from scapi.http import auth
from tests import files, running
from tests.client import CHUNK, COMPLETE, md5
from tests.deploy import nginx
from tests.running import SECRET, Server
from tests.servers import wait_until

PHOTO = files.jpeg(64, 64)
CLIENTS = 4
PAUSE = 0.05
"""Seconds between two rounds of a client: the clients must not take all the time of a processor."""

LONGEST = float(os.environ.get("SCAPI_TEST_LATENCY", "inf"))
"""Seconds that a request may take; `make torture` sets it."""


@contextmanager
def load(server: Server, secret: str = SECRET) -> Iterator[list[float]]:
    """Let clients upload all the time; check at the end that each request was answered in time.

    The list that is yielded grows by the seconds of each request.
    """
    headers = {"Authorization": f"Bearer {auth.make_token(7, secret, timedelta(hours=1))}"}
    seconds: list[float] = []
    problems: list[str] = []
    over = threading.Event()

    def ask(method: str, path: str, **options: object) -> dict[str, str]:
        began = time.monotonic()
        answer = server.request(method, path, headers=headers, **options)
        seconds.append(time.monotonic() - began)
        answer.raise_for_status()
        found: dict[str, str] = answer.json()
        return found

    def upload() -> None:
        while not over.is_set():
            try:
                began = ask("POST", CHUNK, files={"image": ("photo.jpg", PHOTO)})
                ask("POST", COMPLETE, json={"upload_id": began["upload_id"], "md5": md5(PHOTO)})
                ask("GET", "/api/v2/tag/")
                over.wait(PAUSE)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
                problems.append(repr(error))

    threads = [threading.Thread(target=upload) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(seconds) > CLIENTS, 60, "the first answers")
        yield seconds
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not problems, problems[:3]
    assert max(seconds) < LONGEST
    print(f"{len(seconds)} requests, the longest took {max(seconds):.2f} s")


def test_a_reload(serve: Callable[..., AbstractContextManager[Server]]) -> None:
    with serve(("sqlite", "local")) as server, load(server) as seconds:
        assert server.process is not None
        old = set(server.workers())
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(server.workers()) == 2 and not old & set(server.workers()), 90, "new workers")
        asked = len(seconds)
        wait_until(lambda: len(seconds) > asked + CLIENTS, 60, "answers of the new workers")


def _is_asked(server: Server, since: int) -> bool:
    return "route=/api/v2/tag/" in server.log.read_text()[since:]


def test_a_rolling_restart_with_another_environment(
    settings_for: Callable[[str, str], dict[str, str]], tmp_path: Path
) -> None:
    """Two instances behind nginx get new settings, also a second secret for tokens, one after another."""
    secret = "o" * 40
    settings = settings_for("postgresql", "local") | {"SCAPI_TRUSTED_PROXIES": "1", "SCAPI_JWT_SECRET": secret}
    settings["SCAPI_LOG_LEVEL"] = "info"
    place = Path(settings["SCAPI_DATA_DIR"])
    with ExitStack() as stack:
        one, two = (stack.enter_context(running.scapi(tmp_path / name, **settings)) for name in ("one", "two"))
        front = stack.enter_context(nginx.on_a_host(tmp_path / "etc", place / "files", one, two))
        stack.enter_context(load(front, secret))
        for server in (one, two):
            server.stop()
            server.settings = {**server.settings, "SCAPI_JWT_SECRET": f"{'n' * 40} {secret}"}
            server.start()
            said = len(server.log.read_text())
            # nginx tries an instance that refused a connection again after 10 seconds; until then the other must run
            wait_until(partial(_is_asked, server, said), 60, "nginx to ask it")
