"""examples/upload.py on a bad network."""

import configparser
import os
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import files
from tests.client import CHUNK, COMPLETE, KiB, md5, send_chunk
from tests.conftest import token
from tests.running import ROOT, Server
from tests.storage_backends.fault_proxy import CUT_SHORT, HANG_UP, Proxy, fault_proxy

SCRIPT = ROOT / "examples" / "upload.py"
TOKEN = token(7)["Authorization"].removeprefix("Bearer ")


@pytest.fixture(scope="module")
def server(serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A running scapi."""
    with serve(("sqlite", "local")) as server:
        yield server


def start(url: str, home: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start it with files in `home`, where it also stores its notes."""
    command = [sys.executable, str(SCRIPT), "--api", f"{url}/api/v2", f"--chunk-size={100 * KiB}", *arguments]
    env = {**os.environ, "XDG_CACHE_HOME": str(home / "notes"), **environment}
    return subprocess.Popen(command, cwd=home, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments: Any, **environment: Any) -> tuple[int, list[str], str]:
    """Run it to its end; return its exit code, its output and its standard error."""
    process = start(*arguments, **environment)
    printed, said = process.communicate(timeout=60)
    return process.returncode, printed.splitlines(), said


def notes(home: Path) -> list[str]:
    """Return the uploads in its notes."""
    return [note.read_text() for note in (home / "notes" / "scapi-upload").iterdir()]


def chunks(proxy: Proxy) -> int:
    """Return how many chunks the proxy has seen."""
    return proxy.seen.count(f"POST {CHUNK}")


def test_several_files(server: Server, tmp_path: Path) -> None:
    photo, document = files.jpeg(600, 500, noise=True), files.pdf(size=500 * KiB)
    (tmp_path / "lake.jpg").write_bytes(photo)
    (tmp_path / "minutes.pdf").write_bytes(document)
    (tmp_path / "notes.txt").write_text("no picture " * 100)
    code, printed, said = run(server.url, tmp_path, "lake.jpg", "notes.txt", "minutes.pdf", SCAPI_TOKEN=TOKEN)
    assert code == 1
    assert [requests.get(url, timeout=10).content for url in printed] == [photo, document]
    assert "notes.txt: only JPEG, PNG, GIF" in said
    assert "100%" in said
    listed = server.request("GET", "/api/v2/media/", params={"limit": 2}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert [media["url"] for media in listed.json()["results"]] == printed[::-1]
    assert notes(tmp_path) == []


def test_it_goes_on_in_another_run(server: Server, tmp_path: Path) -> None:
    data = files.pdf(size=900 * KiB)
    (tmp_path / "minutes.pdf").write_bytes(data)
    total = -(-len(data) // (100 * KiB))
    with fault_proxy(server.url) as proxy:
        killed: list[subprocess.Popen[str]] = []

        def kill_after_four(method: str, path: str) -> int | None:
            if chunks(proxy) == 5:
                killed[0].kill()
                return HANG_UP
            return None

        proxy.choose = kill_after_four
        killed.append(start(proxy.url, tmp_path, "minutes.pdf"))
        killed[0].communicate(timeout=60)
        [upload_id] = notes(tmp_path)
        assert server.request("GET", f"/api/v2/media/upload/{upload_id}/").json()["offset"] == str(400 * KiB)
        proxy.choose = lambda _method, _path: None
        proxy.seen.clear()
        code, [url], _ = run(proxy.url, tmp_path, "minutes.pdf")
        assert (code, chunks(proxy)) == (0, total - 4)
        assert requests.get(url, timeout=10).content == data
        assert notes(tmp_path) == []


def test_it_tries_again(server: Server, tmp_path: Path) -> None:
    data = files.gif(40, 200, 150, noise=True)
    (tmp_path / "moving.gif").write_bytes(data)
    troubles: dict[str, list[Any]] = {CHUNK: [None, HANG_UP, 503, 503, CUT_SHORT], COMPLETE: [CUT_SHORT]}

    def trouble(method: str, path: str) -> Any:
        return troubles[path].pop(0) if troubles.get(path) else None

    with fault_proxy(server.url) as proxy:
        proxy.choose = trouble
        code, [url], said = run(proxy.url, tmp_path, "moving.gif")
        assert (code, troubles) == (0, {CHUNK: [], COMPLETE: []})
        assert requests.get(url, timeout=10).content == data
    pauses = [float(pause) for pause in re.findall(r"trying again in ([0-9.]+) s", said)]
    assert len(pauses) == 4
    assert pauses[2] > pauses[0]


def test_the_server_may_know_another_offset(server: Server, tmp_path: Path) -> None:
    data = files.pdf(size=500 * KiB)
    (tmp_path / "minutes.pdf").write_bytes(data)

    def overtake(method: str, path: str) -> None:
        if chunks(proxy) == 3:
            ahead = data[200 * KiB : 350 * KiB]
            assert send_chunk(server, ahead, 200 * KiB, len(data), upload_id=notes(tmp_path)[0]).status_code == 201

    with fault_proxy(server.url) as proxy:
        proxy.choose = overtake
        code, [url], _ = run(proxy.url, tmp_path, "minutes.pdf")
        assert (code, requests.get(url, timeout=10).content) == (0, data)


@pytest.mark.parametrize("reads", [[(0, 10), (5, 10), (3, 4), (15, 5)], [(12, 3), (0, 1)], []])
def test_each_byte_is_hashed_once_in_whatever_order_it_is_read(reads: list[tuple[int, int]]) -> None:
    data = bytes(range(40))
    source = runpy.run_path(str(SCRIPT))["Source"](BytesIO(data))
    for offset, size in reads:
        assert source.read(offset, size) == data[offset : offset + size]
    assert source.hexdigest(len(data)) == md5(data)


def test_an_upload_that_is_gone_begins_anew(server: Server, tmp_path: Path) -> None:
    data = files.png()
    (tmp_path / "a.png").write_bytes(data)
    code, _, said = run(server.url, tmp_path, "a.png", "--token", "expired")
    assert (code, "the token is not valid" in said) == (1, True)
    run(server.url, tmp_path, "a.png")
    with fault_proxy(server.url) as proxy:
        proxy.choose = lambda _method, path: 404 if path == COMPLETE else None
        assert run(proxy.url, tmp_path, "a.png")[0] == 1
        proxy.choose = lambda _method, _path: None
        assert run(proxy.url, tmp_path, "a.png")[0] == 0


def test_what_it_needs_is_installed_for_its_test() -> None:
    block = re.search(r"^# /// script\n((?:# .*\n)*)# ///$", SCRIPT.read_text(), re.MULTILINE)
    assert block
    needed = tomllib.loads(re.sub("^# ", "", block[1], flags=re.MULTILINE))["dependencies"]
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert set(needed) <= set(setup["options.extras_require"]["test"].split())
