"""Clients that never give up: they send photos during every fault, and go on from the server's offset."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any

import requests
from PIL import Image

from tests import files
from tests.client import COMPLETE, fetch, md5, send_chunk
from tests.running import Server

PATIENCE = 120
"""Seconds that a client tries without any success before the test fails."""


@dataclass
class Report:
    """The results of the clients."""

    uploads: int = 0
    bytes: int = 0
    retries: int = 0
    urls: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """Uploads photos one after another until `enough()`; each arrives with its MD5 or is a problem in the report."""

    def __init__(self, servers: Sequence[Server], report: Report, seed: int, enough: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self._servers = servers
        self._report = report
        self._chance = random.Random(seed)
        self._enough = enough

    def run(self) -> None:
        try:
            while not self._enough():
                self._upload()
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test must hear of it
            with self._report.lock:
                self._report.problems.append(repr(problem))

    def _upload(self) -> None:
        seed = self._chance.randrange(2**32)
        side = self._chance.randint(200, 700)
        gps = self._chance.random() < 0.3
        photo = files.jpeg(side, side, noise=True, seed=seed, gps=gps)
        size = self._chance.choice((30_000, 100_000, 200 * 1024))
        media = self._complete(self._send(photo, size), photo)
        served = self._patiently(lambda server: fetch(server, server.url + _path(media["url"])))
        if (_pixels(served.content) != _pixels(photo)) if gps else (served.content != photo):
            raise AssertionError("the downloaded bytes differ from the uploaded ones")
        with self._report.lock:
            self._report.uploads += 1
            self._report.bytes += len(photo)
            self._report.urls += [_path(media["url"]), _path(media["image_thumbnail"]["url"])]

    def _send(self, photo: bytes, size: int) -> str:
        upload_id: str | None = None
        offset = acknowledged = 0
        while offset < len(photo):
            piece = photo[offset : offset + size]
            send = partial(send_chunk, data=piece, start=offset, total=len(photo), upload_id=upload_id)
            answer = self._patiently(send)
            if answer.status_code not in (201, 409):
                raise AssertionError(f"a chunk was answered {answer.status_code}: {answer.text}")
            body = answer.json()
            upload_id = upload_id or body["upload_id"]
            offset = int(body["offset"])
            if offset < acknowledged:
                raise AssertionError(f"{acknowledged} bytes were acknowledged, then {offset} expected")
            acknowledged = offset
        if upload_id is None:
            raise AssertionError("a photo has no bytes")
        return upload_id

    def _complete(self, upload_id: str, photo: bytes) -> dict[str, Any]:
        fields = {"upload_id": upload_id, "md5": md5(photo)}
        answer = self._patiently(lambda server: server.request("POST", COMPLETE, data=fields))
        if answer.status_code != 201:
            raise AssertionError(f"complete was answered {answer.status_code}: {answer.text}")
        media: dict[str, Any] = answer.json()
        return media

    def _patiently(self, send: Callable[[Server], requests.Response]) -> requests.Response:
        """Send until there is an answer other than those of an unavailable server."""
        return patiently(lambda: send(self._chance.choice(self._servers)), self._count_retry)

    def _count_retry(self) -> None:
        with self._report.lock:
            self._report.retries += 1


def patiently(send: Callable[[], requests.Response], retrying: Callable[[], None] = lambda: None) -> requests.Response:
    """Send until there is an answer other than those of an unavailable server; call `retrying()` before each retry."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            answer = send()
            if answer.status_code != 503:
                return answer
        retrying()
        time.sleep(0.05)
    raise AssertionError(f"no answer within {PATIENCE} seconds")


def _pixels(photo: bytes) -> bytes:
    """The part of a photo that does not change when its GPS tags are removed."""
    with Image.open(BytesIO(photo)) as image:
        return image.tobytes()


def _path(url: object) -> str:
    return "/media/" + str(url).partition("/media/")[2]
