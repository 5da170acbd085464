"""Renditions under load: many requests at once, and processes killed while they make renditions."""

import os
import random
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain, cycle, islice
from typing import Any

import requests
from sqlalchemy import create_engine, text

from tests import files
from tests.client import upload
from tests.running import Server
from tests.servers import wait_until
from tests.storehouse import contents

REQUESTS = 1_000
KILLS = max(3, int(os.environ.get("SCAPI_TEST_KILLS", "30")) // 20)
TOKEN = "only-prometheus-knows"
PATIENCE = 120

PHOTO = files.jpeg(1000, 800, noise=True)

Serve = Callable[..., AbstractContextManager[Server]]


def urls_of(server: Server, media: dict[str, Any]) -> list[str]:
    return [one["url"].removeprefix(server.url) for one in media["renditions"]]


def ask(server: Server, path: str) -> requests.Response:
    return server.request("GET", path, allow_redirects=False)


def _is_made(server: Server, path: str) -> bool:
    """Return whether the answer is the rendition or redirects to it, and not to the image, which is never cacheable."""
    return ask(server, path).headers["Cache-Control"] != "no-store"


def wait_until_made(server: Server, paths: list[str]) -> None:
    for path in paths:
        wait_until(partial(_is_made, server, path), PATIENCE, path)


def jobs(server: Server) -> int:
    """The number of started jobs."""
    text = server.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    counts = re.findall(r'^scapi_inspection_seconds_count\{job="renditions"\} (\S+)', text, re.MULTILINE)
    return int(sum(map(float, counts)))


def test_a_thousand_requests_start_one_job(serve: Serve) -> None:
    with serve(("postgresql", "moto"), workers=2, SCAPI_METRICS_TOKEN=TOKEN) as server:
        media = upload(server, PHOTO)
        paths = urls_of(server, media)
        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(lambda path: ask(server, path), islice(cycle(paths), REQUESTS)))
        assert {answer.status_code for answer in answers} <= {200, 302}
        for answer in answers:
            if answer.headers["Cache-Control"] == "no-store":
                assert answer.headers["Location"] == media["image"]
        wait_until_made(server, paths)
        assert jobs(server) == 1
        for path, one in zip(paths, media["renditions"], strict=True):
            loaded = server.request("GET", path)  # from S3, which it redirects to
            assert (loaded.status_code, loaded.headers["Content-Type"]) == (200, one["mimetype"])
            assert server.request("HEAD", path).headers["Content-Length"] == str(len(loaded.content))


def test_what_a_kill_interrupts_is_made_once(serve: Serve) -> None:
    chance, media = random.Random(KILLS), []
    with serve(("sqlite", "local"), workers=2) as server, ThreadPoolExecutor(KILLS) as pool:
        for number in range(KILLS):
            media.append(upload(server, files.jpeg(1000, 800, noise=True, seed=number)))
            pool.submit(ask, server, urls_of(server, media[-1])[0])  # so that they are made now
            time.sleep(chance.uniform(0, 0.4))
            for worker in server.workers():  # its inspection processes end with it
                os.kill(worker, signal.SIGKILL)
        _forget_claims(server)
        paths = list(chain.from_iterable(urls_of(server, one) for one in media))
        wait_until_made(server, paths)
        assert {server.request("GET", path).status_code for path in paths} == {200}
        assert len(contents(server.settings)) == 2 * len(media) + len(paths)
        server.scapi("check")


def _forget_claims(server: Server) -> None:
    """End all claims of renditions, as after three minutes, but keep the numbers of attempts."""
    engine = create_engine(server.settings["SCAPI_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE media SET renditions_due_at = added_at WHERE renditions_due_at IS NOT NULL"))
    engine.dispose()
