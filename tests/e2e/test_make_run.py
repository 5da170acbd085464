"""`make run`, as a new user runs it."""

import os
import random
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests import files
from tests.client import upload
from tests.running import ROOT, Server, environment, free_port, wait_until_ready
from tests.servers import wait_until


def commands(session: int) -> dict[int, str]:
    """Return the command lines of the processes of a session, by their ids."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            of = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # the process has just ended
            continue
        if of == session and command:  # a process that has ended but is still in the table has no command
            found[int(folder.name)] = command
    return found


def make(target: str, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start make in a session of its own."""
    with log.open("wb") as output:
        return subprocess.Popen(
            ["make", target], cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def test_make_run_sets_up_serves_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    env = environment(SCAPI_DATA_DIR=str(tmp_path / "data"), PORT=str(port))
    del env["SCAPI_JWT_SECRET"]
    log = tmp_path / "log"
    process = make("run", env, log)
    try:
        server = Server(f"http://127.0.0.1:{port}", {}, log, process)
        wait_until_ready(server.url, process, log, timeout=300)
        assert upload(server, files.jpeg())["type"] == "image"
        assert (tmp_path / "data" / "jwt-secret").exists()
        [housekeeping] = [pid for pid, command in commands(process.pid).items() if "housekeeping" in command]
        said = log.read_text()
        for line in (
            f"browser       {server.url}/\n",
            f"{server.url}/api/v2/docs",
            f"curl -F image=@photo.jpg {server.url}/api/v2/media/upload/chunk/",
        ):
            assert line in said
    finally:
        os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
        process.wait(timeout=30)
    wait_until(lambda: housekeeping not in commands(process.pid), 30, "housekeeping to end")
    assert "Traceback" not in log.read_text()


def free_ports() -> int:
    """Return the first of four free ports whose ports + 10000 are also free; clients get higher ones."""
    while True:
        first = random.randint(10_000, 12_000)
        try:
            with ExitStack() as probes:
                for port in (first + number + more for number in range(4) for more in (0, 10_000)):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


def test_make_run_s3_leaves_no_process(tmp_path: Path) -> None:
    port = free_port()
    env = environment(SCAPI_DATA_DIR=str(tmp_path / "data"), PORT=str(port), S3_PORT=str(free_ports()))
    log = tmp_path / "log"
    process = make("run-s3", env, log)
    try:
        server = Server(f"http://127.0.0.1:{port}", {}, log, process)
        wait_until_ready(server.url, process, log, timeout=300)
        assert upload(server, files.jpeg())["type"] == "image"
        process.terminate()
        assert process.wait(timeout=60) != 0
        wait_until(lambda: not commands(process.pid), 30, "every process to end")
    finally:
        for pid in commands(process.pid):
            os.kill(pid, signal.SIGKILL)
    assert "Traceback" not in log.read_text()
