"""`scapi housekeeping`, as an operator runs it."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import files
from tests.client import send_all
from tests.running import ROOT, Server, environment
from tests.servers import wait_until


@pytest.fixture
def housekeeping(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """A function that starts the command with a server's settings."""
    started: list[subprocess.Popen[bytes]] = []

    def start(server: Server, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "scapi", "housekeeping", *arguments]
        env = environment(**server.settings)
        started.append(subprocess.Popen(command, cwd=ROOT, env=env, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def is_running(pid: str) -> bool:
    status = Path("/proc", pid, "status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_it_removes_what_is_over_until_it_is_told_to_stop(
    serve: Callable[..., Any], housekeeping: Callable[..., subprocess.Popen[bytes]]
) -> None:
    with serve(("sqlite", "local"), SCAPI_UPLOAD_TTL="1") as server:
        upload = send_all(server, files.jpeg())
        folder = Path(server.settings["SCAPI_DATA_DIR"])
        assert list(folder.rglob(f"*{upload}*"))
        process = housekeeping(server)
        wait_until(lambda: not list(folder.rglob(f"*{upload}*")), 60, "the sweep")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_it_ends_with_the_process_that_started_it(
    server: Server, tmp_path: Path, housekeeping: Callable[..., subprocess.Popen[bytes]]
) -> None:
    pid = tmp_path / "pid"
    script = f"{sys.executable} -m scapi housekeeping --parent $$ & echo $! > {pid}; exec sleep 600"
    with subprocess.Popen(["sh", "-c", script], cwd=ROOT, env=environment(**server.settings)) as parent:
        wait_until(lambda: pid.exists() and pid.read_text().strip() != "", 60, "the command")
        parent.kill()
    wait_until(lambda: not is_running(pid.read_text().strip()), 60, "the command to end")


def test_once_does_what_is_due_and_ends(server: Server) -> None:
    server.scapi("housekeeping", "--once")
