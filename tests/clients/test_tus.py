"""Published clients, unchanged: tuspy and aiotus here, tus-js-client in Node, curl for HTTP's own uploads."""

import asyncio
import json
import re
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import aiotus
import pytest
import requests
from tusclient.client import TusClient

from tests import files
from tests.client import fetch
from tests.running import ROOT, Server, free_port
from tests.tus.speaking import TUS

PHOTO = files.jpeg(400, 300, noise=True)


@pytest.fixture(scope="module")
def server(place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A running scapi in each place, with a public URL, because aiotus accepts no other `Location`."""
    port = free_port()
    with serve(place, port=port, SCAPI_PUBLIC_URL=f"http://127.0.0.1:{port}") as server:
        yield server


def test_tuspy_goes_on_where_it_stopped(server: Server) -> None:
    client = TusClient(server.url + TUS)
    uploader = client.uploader(file_stream=BytesIO(PHOTO), chunk_size=10_000, metadata={"filename": "photo.jpg"})
    uploader.upload(stop_at=20_000)
    again = client.uploader(file_stream=BytesIO(PHOTO), chunk_size=10_000, url=uploader.url)
    assert again.offset == 20_000
    again.upload()
    assert again.url is not None
    media = requests.get(again.url, timeout=30).json()["media"]
    assert media["title"] == "photo"
    assert fetch(server, media["url"]).content == PHOTO


async def upload_by_aiotus(url: str) -> str:
    """Upload the photo in pieces; the answer to the second one gets lost. Return the address of the upload."""
    patches = 0

    async def lose(_session: Any, _context: Any, done: aiohttp.TraceRequestEndParams) -> None:
        nonlocal patches
        patches += done.method == "PATCH"
        if done.method == "PATCH" and patches == 2:
            done.response.close()
            raise aiohttp.ClientConnectionError("the answer got lost")

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(lose)
    patient = aiotus.RetryConfiguration(retry_attempts=5, max_retry_period_seconds=0.1)
    async with aiohttp.ClientSession(trace_configs=[tracing]) as session:
        made = await aiotus.upload(
            url, BytesIO(PHOTO), {"filename": b"photo.jpg"}, client_session=session, config=patient, chunksize=10_000
        )
    assert patches > len(PHOTO) // 10_000
    return str(made)


def run(upload: Coroutine[Any, Any, Any]) -> str:
    """Run an upload in a new thread: this thread may already have the browser's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return str(pool.submit(asyncio.run, upload).result())


def test_aiotus_goes_on_after_a_lost_answer(server: Server) -> None:
    url = run(upload_by_aiotus(server.url + TUS))
    media = requests.get(url, timeout=30).json()["media"]
    assert media["title"] == "photo"
    assert fetch(server, media["url"]).content == PHOTO


def test_aiotus_uploads_in_parts_beside_one_another(server: Server) -> None:
    third = len(PHOTO) // 3
    parts = [BytesIO(PHOTO[:third]), BytesIO(PHOTO[third : 2 * third]), BytesIO(PHOTO[2 * third :])]
    url = run(aiotus.upload_multiple(server.url + TUS, parts, {"filename": b"photo.jpg"}))
    media = requests.get(url, timeout=30).json()["media"]
    assert fetch(server, media["url"]).content == PHOTO


def test_tus_js_client_uploads_in_parts_beside_one_another(server: Server, modules: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PHOTO)
    for options in ({"chunkSize": 20_000}, {"parallelUploads": 3}, {"uploadLengthDeferred": True, "chunkSize": 20_000}):
        command = ["node", "tus.cjs", server.url + TUS, str(path), json.dumps(options)]
        done = subprocess.run(command, cwd=modules.parent, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        media = requests.get(done.stdout.strip(), timeout=30).json()
        assert fetch(server, media["url"]).content == PHOTO, options


def lines_for_curl() -> list[str]:
    """Return the curl blocks of docs/your-app/server.md: the first request, and the one that goes on."""
    page = (ROOT / "docs" / "your-app" / "server.md").read_text()
    return re.findall(r"^```sh\n(curl.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_curl_goes_on_from_the_offset(server: Server, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    (tmp_path / "part.jpg").write_bytes(PHOTO[:30_000])
    begin, go_on = (block.replace("http://127.0.0.1:8000", server.url) for block in lines_for_curl())
    begin = begin.replace("photo.jpg", "part.jpg", 1).replace("Upload-Complete: ?1", "Upload-Complete: ?0")
    subprocess.run(["bash", "-c", begin], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    done = subprocess.run(["bash", "-c", go_on], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert fetch(server, json.loads(done.stdout)["url"]).content == PHOTO


def test_curl_uploads_at_once_and_a_wrong_digest_counts_for_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    begin, _ = (block.replace("http://127.0.0.1:8000", server.url) for block in lines_for_curl())
    done = subprocess.run(["bash", "-c", begin], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert fetch(server, json.loads(done.stdout)["url"]).content == PHOTO
    wrong = begin.replace("curl ", "curl -H 'Content-Digest: md5=:AAAAAAAAAAAAAAAAAAAAAA==:' ", 1)
    done = subprocess.run(["bash", "-c", wrong], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["errors"][0]["code"] == "digest_mismatch"
