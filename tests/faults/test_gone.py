"""The database or the storage goes away and comes back: in between nothing is acknowledged, then uploads go on."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests import databases, files, running, servers
from tests.client import CHUNK, complete, fetch, md5, refusal, send_all, send_chunk
from tests.running import Server
from tests.servers import wait_until
from tests.storage_backends.fault_proxy import HANG_UP, fault_proxy

PHOTO = files.jpeg(900, 900, noise=True)
HALF = len(PHOTO) // 2
MiB = 1024 * 1024


@contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """Mount a file system of `size` bytes in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> Path:
    """Write a file until there is no space left, and return it."""
    filler = disk / "filler"
    fd = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(fd, bytes(4096))
    os.close(fd)
    return filler


def remount(disk: Path, mode: str) -> None:
    """Remount the disk read-only (`ro`) or writable (`rw`). Linux refuses while a file is open for writing."""
    command = ["mount", "-o", f"remount,{mode}", str(disk)]
    wait_until(lambda: subprocess.run(command, check=False).returncode == 0, 30, "a file to be closed")


def begin(server: Server) -> str:
    """Send the first half of the photo and return the upload's id."""
    answer = send_chunk(server, PHOTO[:HALF], 0, len(PHOTO))
    assert answer.status_code == 201, answer.text
    upload_id: str = answer.json()["upload_id"]
    return upload_id


def send_rest(server: Server, upload_id: str) -> requests.Response:
    return send_chunk(server, PHOTO[HALF:], HALF, len(PHOTO), upload_id=upload_id)


def once_it_is_back(ask: Callable[[], requests.Response]) -> requests.Response:
    """Return the first answer other than 503: each process notices by itself that the database is back."""
    answers: list[requests.Response] = []

    def asked() -> bool:
        answers.append(ask())
        return answers[-1].status_code != 503

    wait_until(asked, 30, "an answer")
    return answers[-1]


def goes_on(server: Server, upload_id: str) -> None:
    """The upload has the same offset as before, and can be finished."""
    asked = once_it_is_back(lambda: server.request("GET", f"/api/v2/media/upload/{upload_id}/")).json()
    assert asked["offset"] == str(HALF)
    assert once_it_is_back(lambda: send_rest(server, upload_id)).status_code == 201
    answer = once_it_is_back(lambda: complete(server, upload_id, md5(PHOTO)))
    assert answer.status_code == 201, answer.text
    assert once_it_is_back(lambda: fetch(server, answer.json()["url"])).content == PHOTO


def unavailable(answer: requests.Response, code: str) -> None:
    """The client is told to try again."""
    refusal(answer, 503, code)
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("kind", databases.KINDS)
def test_a_full_disk(kind: str, new_database: Callable[[str], str], tmp_path: Path) -> None:
    with small_disk(3 * MiB) as disk:
        settings = {"SCAPI_DATABASE_URL": new_database(kind), "SCAPI_DATA_DIR": str(disk)}
        with running.scapi(tmp_path, workers=1, **settings) as server:
            upload_id = begin(server)
            filler = fill(disk)
            refusal(send_rest(server, upload_id), 507, "storage_full")
            refusal(send_chunk(server, PHOTO[:HALF], 0, len(PHOTO)), 507, "storage_full")
            filler.unlink()
            goes_on(server, upload_id)


def test_a_full_disk_under_the_embedded_database(tmp_path: Path) -> None:
    with small_disk(3 * MiB) as disk:
        databases.migrate(f"sqlite:///{disk}/db", tmp_path)
        settings = {"SCAPI_DATABASE_URL": f"sqlite:///{disk}/db"}
        with running.scapi(tmp_path, workers=1, **settings) as server:
            upload_id = begin(server)
            filler = fill(disk)
            statuses = {send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).status_code for _ in range(30)}
            assert statuses <= {201, 507}  # SQLite's log may have space for some more rows
            assert 507 in statuses
            filler.unlink()
            goes_on(server, upload_id)


def test_a_read_only_disk(new_database: Callable[[str], str], tmp_path: Path) -> None:
    with small_disk(8 * MiB) as disk:
        settings = {"SCAPI_DATABASE_URL": new_database("sqlite"), "SCAPI_DATA_DIR": str(disk)}
        with running.scapi(tmp_path, workers=1, **settings) as server:
            upload_id = begin(server)
            remount(disk, "ro")
            unavailable(send_rest(server, upload_id), "storage_unavailable")
            unavailable(send_chunk(server, PHOTO[:HALF], 0, len(PHOTO)), "storage_unavailable")
            remount(disk, "rw")
            goes_on(server, upload_id)


def test_workers_that_start_while_the_disk_is_read_only(new_database: Callable[[str], str], tmp_path: Path) -> None:
    """They are started again until it can be written; meanwhile the other workers serve files."""
    with small_disk(8 * MiB) as disk:
        settings = {"SCAPI_DATABASE_URL": new_database("sqlite"), "SCAPI_DATA_DIR": str(disk)}
        with running.scapi(tmp_path, **settings) as server:
            wait_until(lambda: len(_ready(server)) == 2, running.START_TIMEOUT, "two workers")
            upload_id = begin(server)
            photo = complete(server, send_all(server, PHOTO), md5(PHOTO)).json()["url"]
            remount(disk, "ro")
            first, second = server.workers()
            os.kill(first, signal.SIGKILL)
            refused = "scapi cannot start: SCAPI_STORAGE=local"
            wait_until(lambda: refused in server.log.read_text(), running.START_TIMEOUT, refused)
            assert fetch(server, photo).content == PHOTO
            os.kill(second, signal.SIGKILL)
            wait_until(lambda: len(re.findall(refused, server.log.read_text())) >= 3, running.START_TIMEOUT, refused)
            remount(disk, "rw")
            wait_until(lambda: len(_ready(server)) == 2, running.START_TIMEOUT, "two workers")
            goes_on(server, upload_id)


@pytest.mark.parametrize("database", ["", "sqlite://"])
def test_a_first_start_on_a_read_only_disk_is_refused(database: str, tmp_path: Path) -> None:
    with small_disk(MiB) as disk:
        remount(disk, "ro")
        env = running.environment(SCAPI_DATA_DIR=str(disk), SCAPI_DATABASE_URL=database, WEB_CONCURRENCY="1")
        command = [sys.executable, "-m", "gunicorn", "--bind", f"unix:{tmp_path}/socket", "wsgi:app"]
        done = subprocess.run(
            command, cwd=running.ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 4
    assert done.stderr.count("scapi cannot start: SCAPI_") == 1
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_database_goes_away(tmp_path: Path) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pg"))
        postgresql = stack.enter_context(databases.postgresql(Path(folder)))
        with running.scapi(tmp_path, SCAPI_DATABASE_URL=postgresql.create()) as server:
            upload_id = begin(server)
            finished = send_all(server, PHOTO)
            postgresql.server.stop()
            for _ in range(3):
                unavailable(send_rest(server, upload_id), "database_unavailable")
                unavailable(complete(server, finished, md5(PHOTO)), "database_unavailable")
                unavailable(send_chunk(server, PHOTO[:HALF], 0, len(PHOTO)), "database_unavailable")
            postgresql.server.start()
            goes_on(server, upload_id)
            assert once_it_is_back(lambda: complete(server, finished, md5(PHOTO))).status_code == 201


def test_s3_goes_away(new_database: Callable[[str], str], moto: servers.Server, tmp_path: Path) -> None:
    with fault_proxy(moto.endpoint_url) as proxy:
        settings = moto.process_environment()
        settings |= {"SCAPI_S3_ENDPOINT_URL": proxy.url, "SCAPI_S3_PREFIX": f"{tmp_path.name}/"}
        with running.scapi(tmp_path, SCAPI_DATABASE_URL=new_database("postgresql"), **settings) as server:
            upload_id = begin(server)
            finished = send_all(server, PHOTO)
            proxy.choose = lambda _method, _path: HANG_UP
            unavailable(send_rest(server, upload_id), "storage_unavailable")
            unavailable(complete(server, finished, md5(PHOTO)), "storage_unavailable")
            unavailable(send_chunk(server, PHOTO[:HALF], 0, len(PHOTO)), "storage_unavailable")
            proxy.choose = lambda _method, _path: None
            goes_on(server, upload_id)
            assert once_it_is_back(lambda: complete(server, finished, md5(PHOTO))).status_code == 201


def test_a_worker_that_starts_while_s3_is_away(
    new_database: Callable[[str], str], moto: servers.Server, tmp_path: Path
) -> None:
    """It is started again until S3 is back; the other workers serve requests that do not need S3."""
    with fault_proxy(moto.endpoint_url) as proxy:
        settings = moto.process_environment()
        settings |= {"SCAPI_S3_ENDPOINT_URL": proxy.url, "SCAPI_S3_PREFIX": f"{tmp_path.name}/"}
        with running.scapi(tmp_path, SCAPI_DATABASE_URL=new_database("postgresql"), **settings) as server:
            servers.wait_until(lambda: len(_ready(server)) == 2, running.START_TIMEOUT, "two workers")
            upload_id = begin(server)
            proxy.choose = lambda _method, _path: HANG_UP
            os.kill(server.workers()[0], signal.SIGKILL)
            refused = "scapi cannot start: SCAPI_STORAGE=s3"
            servers.wait_until(lambda: refused in server.log.read_text(), running.START_TIMEOUT, refused)
            assert server.request("GET", "/api/v2/tag/").status_code == 200
            proxy.choose = lambda _method, _path: None
            servers.wait_until(lambda: len(_ready(server)) == 2, running.START_TIMEOUT, "two workers")
            goes_on(server, upload_id)


def _ready(server: Server) -> list[int]:
    """Return the workers that have loaded the application: from then on only the master handles Ctrl-C."""
    ready = []
    for pid in server.workers():
        with suppress(FileNotFoundError):  # it has just ended
            mask = re.search(r"SigIgn:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
            if mask and int(mask[1], 16) >> (signal.SIGINT - 1) & 1:
                ready.append(pid)
    return ready


def test_a_client_that_stops_in_the_middle_of_a_chunk(new_database: Callable[[str], str], tmp_path: Path) -> None:
    """Clients that stop sending hold all threads, until the client timeout."""
    settings = {"SCAPI_DATABASE_URL": new_database("sqlite"), "SCAPI_CLIENT_TIMEOUT": "1"}
    with running.scapi(tmp_path, workers=1, **settings) as server:
        upload_id = begin(server)
        stopped = [_send_half_a_chunk(server, upload_id) for _ in range(8)]
        goes_on(server, upload_id)
        for connection in stopped:
            with connection:  # closed after the timeout, or because a newer request has taken the upload over
                assert connection.recv(100).startswith((b"HTTP/1.1 400", b"HTTP/1.1 409"))


def test_connections_that_are_cut_in_the_middle_of_a_chunk(server: Server) -> None:
    upload_id = begin(server)
    for _ in range(20):
        _send_half_a_chunk(server, upload_id).close()
    # the received bytes of one of them may count, except bytes that could begin the end of the form
    offset = int(server.request("GET", f"/api/v2/media/upload/{upload_id}/").json()["offset"])
    assert HALF <= offset <= HALF + 1000
    assert send_chunk(server, PHOTO[offset:], offset, len(PHOTO), upload_id=upload_id).status_code == 201
    answer = complete(server, upload_id, md5(PHOTO))
    assert fetch(server, answer.json()["url"]).content == PHOTO


def _send_half_a_chunk(server: Server, upload_id: str) -> socket.socket:
    """Send the head of a request and a part of its body, and then nothing more."""
    address = urlsplit(server.url)
    body = (
        f'--b\r\nContent-Disposition: form-data; name="upload_id"\r\n\r\n{upload_id}\r\n'
        '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    ).encode() + PHOTO[HALF : HALF + 1000]
    head = (
        f"POST {CHUNK} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Range: bytes {HALF}-{len(PHOTO) - 1}/{len(PHOTO)}\r\nContent-Length: {len(PHOTO)}\r\n\r\n"
    ).encode()
    connection = socket.create_connection((str(address.hostname), address.port or 80), timeout=30)
    connection.sendall(head + body)
    return connection
