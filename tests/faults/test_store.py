"""A store that does not let scapi in, seen by clients: they are told to come back, and their uploads go on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import requests

from tests import files, running, servers
from tests.client import complete, fetch, md5, refusal, send_all, send_chunk, upload
from tests.running import Server
from tests.storage_backends.fault_proxy import Proxy, fault_proxy

PHOTO = files.jpeg(900, 900, noise=True)
HALF = len(PHOTO) // 2


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


def test_head_is_answered_here(serve: Callable[..., AbstractContextManager[Server]]) -> None:
    """A presigned URL is good for GET only: a client that followed with HEAD would get 403."""
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
