"""A real gunicorn with scapi in it, started as an operator starts it and driven over HTTP."""

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

ROOT = Path(__file__).parent.parent
SECRET = "a secret that only the tests know, long enough for HS256"
START_TIMEOUT = 60


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process that sees only these settings of scapi."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("SCAPI_", "FLASK_", "GUNICORN_"))}
    return {**own, "SCAPI_JWT_SECRET": SECRET, "PYTHONUNBUFFERED": "1", **settings}


def free_port() -> int:
    """Return a port on the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Server:
    """A running scapi: its address, its settings, where it logs, and its process."""

    url: str
    settings: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes]

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request to `path`."""
        return requests.request(method, self.url + path, timeout=60, **options)

    def flask(self, *arguments: str) -> str:
        """Run `flask ...` with this server's settings and return what it prints."""
        command = [sys.executable, "-m", "flask", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment(**self.settings), check=True, capture_output=True)
        return done.stdout.decode()


@contextmanager
def scapi(folder: Path, *, workers: int = 2, port: int | None = None, **settings: str) -> Iterator[Server]:
    """Serve scapi with `settings` from gunicorn; its data dir is in `folder` unless they name another."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"SCAPI_DATA_DIR": str(folder / "data"), **settings}
    port = port or free_port()
    log = folder / f"gunicorn-{port}.log"
    env = environment(PORT=str(port), WEB_CONCURRENCY=str(workers), **settings)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "wsgi:app"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", settings, log, process)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_ready(server: Server) -> None:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise RuntimeError(f"scapi did not start:\n{server.log.read_text()}")
        try:
            server.request("GET", "/api/v2/openapi.json")
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"scapi is not ready after {START_TIMEOUT} seconds:\n{server.log.read_text()}")
