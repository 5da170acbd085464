"""A real gunicorn with scapi, started like an operator's and used over HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from scapi.http.application import Application
from scapi.settings import Settings
from tests import commands, documented

ROOT = Path(__file__).parent.parent
SECRET = "a secret that only the tests know, long enough for HS256 and for HS512 too"
START_TIMEOUT = 60
LOG_SHOWN = 4000


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process that sees only these settings of scapi."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("SCAPI_", "FLASK_", "GUNICORN_"))}
    return {**own, "SCAPI_JWT_SECRET": SECRET, "PYTHONUNBUFFERED": "1", **settings}


def free_port() -> int:
    """Return a free port on the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Server:
    """scapi under gunicorn: its URL, its settings, its log file, and its process while it runs."""

    url: str
    settings: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start gunicorn as the leader of its own process group, and wait until it answers."""
        port = self.url.rpartition(":")[2]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "wsgi:app"],
                cwd=ROOT,
                env=environment(PORT=port, **self.settings),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until_ready(self.url, self.process, self.log)

    def stop(self) -> None:
        """Stop it like an operator; kill it if that takes too long."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill all its processes at once, like the kernel when memory runs out."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def workers(self) -> list[int]:
        """Return the process ids of its workers."""
        if self.process is None:
            return []
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request to `path`. An error that the OpenAPI document does not name fails the test."""
        answer = requests.request(method, self.url + path, timeout=60, **options)
        documented.check(self.url, answer)
        return answer

    def scapi(self, *arguments: str) -> str:
        """Run `scapi ...` with this server's settings and return what it prints."""
        return commands.run(environment(**self.settings), *arguments)


@contextmanager
def scapi(folder: Path, *, workers: int | str = 2, port: int | str | None = None, **settings: str) -> Iterator[Server]:
    """Serve scapi with `settings` on a free port, or `port`; its data dir is in `folder` unless they name another."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    chosen = {"SCAPI_DATA_DIR": str(folder / "data"), "WEB_CONCURRENCY": str(workers), **settings}
    server = Server(f"http://127.0.0.1:{port}", chosen, folder / f"gunicorn-{port}.log")
    try:
        server.start()
        yield server
    except BaseException:
        print(server.log.read_text()[-LOG_SHOWN:])  # pytest shows it with the failure
        raise
    finally:
        server.stop()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path, timeout: float = START_TIMEOUT) -> None:
    """Return when the server at `url` answers; raise RuntimeError with its log if it does not."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"scapi did not start:\n{log.read_text()}")
        try:
            requests.get(f"{url}/api/v2/openapi.json", timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"scapi is not ready after {timeout} seconds:\n{log.read_text()}")


def settings_of(app: Flask) -> Settings:
    """Return the settings of an application in this process."""
    assert isinstance(app, Application)
    return app.settings
