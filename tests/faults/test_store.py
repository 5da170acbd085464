"""A store that refuses scapi's requests: clients are told to try again, and their uploads go on."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import requests

from tests import files, running, servers
from tests.client import complete, fetch, md5, refusal, send_all, send_chunk, upload
from tests.inspection.papers import scattered
from tests.running import Server
from tests.storage_backends.fault_proxy import CUT_SHORT, HANG_UP, Proxy, fault_proxy

PHOTO = files.jpeg(900, 900, noise=True)
HALF = len(PHOTO) // 2

DELAYS = [float(seconds) for seconds in os.environ.get("SCAPI_TEST_DELAYS", "0.02").split()]
"""Seconds that a slow store takes for each GET; `make torture` sets more."""

WITHIN = 60.0
"""Seconds that a complete may take in that case."""


@pytest.fixture(scope="module")
def proxy(moto: servers.Server) -> Iterator[Proxy]:
    with fault_proxy(moto.endpoint_url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def server(
    proxy: Proxy, moto: servers.Server, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    settings = moto.process_environment() | {"SCAPI_S3_ENDPOINT_URL": proxy.url, "SCAPI_S3_PREFIX": f"{folder.name}/"}
    with running.scapi(folder, workers=1, SCAPI_DATABASE_URL=new_database("postgresql"), **settings) as server:
        yield server


@pytest.mark.parametrize(
    "answer",
    [
        (403, "AccessDenied"),
        (403, "InvalidAccessKeyId"),
        (400, "ExpiredToken"),
        (403, "RequestTimeTooSkewed"),
        (404, "NoSuchBucket"),
    ],
)
def test_what_the_operator_can_mend_is_waited_for(server: Server, proxy: Proxy, answer: tuple[int, str]) -> None:
    upload_id = send_chunk(server, PHOTO[:HALF], 0, len(PHOTO)).json()["upload_id"]
    finished = send_all(server, PHOTO)
    proxy.choose = lambda _method, _path: answer
    try:
        for tried in (
            send_chunk(server, PHOTO[HALF:], HALF, len(PHOTO), upload_id=upload_id),
            send_chunk(server, PHOTO[:HALF], 0, len(PHOTO)),
            complete(server, finished, md5(PHOTO)),
        ):
            refusal(tried, 503, "storage_unavailable")
            assert int(tried.headers["Retry-After"]) > 0
    finally:
        proxy.choose = lambda _method, _path: None
    assert send_chunk(server, PHOTO[HALF:], HALF, len(PHOTO), upload_id=upload_id).status_code == 201
    for ready in (upload_id, finished):
        assert complete(server, ready, md5(PHOTO)).status_code == 201


@pytest.mark.parametrize("answer", [(503, "SlowDown"), HANG_UP, CUT_SHORT], ids=["busy", "gone", "cut short"])
def test_a_store_that_fails_while_a_file_is_inspected(
    server: Server, proxy: Proxy, answer: int | tuple[int, str]
) -> None:
    """The file is not the cause: it is neither refused nor left without its preview."""
    paper = files.pdf(3, size=1_000_000)
    upload_id = send_all(server, paper)
    key = f"/{upload_id[:2]}/{upload_id}"
    proxy.choose = lambda method, path: answer if method == "GET" and path.endswith(key) else None
    try:
        refusal(complete(server, upload_id, md5(paper)), 503, "storage_unavailable")
    finally:
        proxy.choose = lambda _method, _path: None
    made = complete(server, upload_id, md5(paper))
    assert made.status_code == 201
    assert requests.get(made.json()["image"], timeout=30).content.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("seconds", DELAYS)
def test_a_slow_store(server: Server, proxy: Proxy, seconds: float) -> None:
    paper = scattered(150)
    upload_id = send_all(server, paper, size=8 * 1024 * 1024)
    proxy.choose = lambda method, _path: time.sleep(seconds) if method == "GET" else None
    began = time.monotonic()
    try:
        made = complete(server, upload_id, md5(paper))
    finally:
        proxy.choose = lambda _method, _path: None
    assert made.status_code == 201, made.text
    assert time.monotonic() - began < WITHIN
    assert requests.get(made.json()["image"], timeout=30).content.startswith(b"\xff\xd8\xff")


def test_head_is_answered_here(serve: Callable[..., AbstractContextManager[Server]]) -> None:
    """A presigned URL is valid for GET only: a client that follows with HEAD would get 403."""
    with serve(("sqlite", "seaweed"), workers=1) as server:
        url = upload(server, PHOTO, filename="a photo.jpg")["image"]
        head = requests.head(url, allow_redirects=True, timeout=30)
        assert (head.status_code, head.history) == (200, [])
        assert head.headers["Content-Length"] == str(len(fetch(server, url).content))
        assert head.headers["Content-Type"] == "image/jpeg"
        assert head.headers["Accept-Ranges"] == "bytes"
        assert "a photo.jpg" in head.headers["Content-Disposition"]
        assert head.headers["X-Content-Type-Options"] == "nosniff"
        assert requests.head(url.replace("photo", "other"), timeout=30).status_code == 404
