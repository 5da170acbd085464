"""The compared servers: how to start each, and how to send each the same uploads."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http import Buffer, Connection
from tests.running import free_port

START_TIMEOUT = 60
"""Seconds until a server must listen."""


@dataclass(frozen=True)
class Running:
    """A running server: its port, its folder of files, and its first process, the leader of its process group."""

    port: int
    pid: int
    folder: Path

    def clear(self) -> None:
        """Remove the stored bytes, so that the next measurement has the same memory and disk space."""
        for file in self.folder.rglob("*"):
            if file.is_file() and ".sqlite3" not in file.name and file.suffix != ".log":
                file.unlink()
        os.sync()  # the next server must not wait for this server's unwritten bytes


class Peer(ABC):
    """A server for uploads in chunks. `send` begins an upload with its first chunk, and returns its name."""

    name: str

    any_size = False
    """Whether a request may be of any size."""

    @abstractmethod
    def command(self, folder: Path, port: int, workers: int) -> tuple[list[str], Mapping[str, str]]:
        """Prepare `folder`; return the command that serves on `port`, and its environment variables."""

    @abstractmethod
    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        """Send the bytes of one chunk; return the name of the upload, which is empty before the first."""

    @abstractmethod
    def complete(self, connection: Connection, upload: str, md5: str) -> list[str]:
        """Complete the upload; return the paths that a page would then load, none if the server makes nothing."""

    @contextmanager
    def run(self, workers: int) -> Iterator[Running]:
        """Serve from a new folder until the end of the context."""
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            command, environment = self.command(Path(folder), port, workers)
            with Path(folder, "server.log").open("wb") as log:
                process = subprocess.Popen(
                    command,
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            try:
                _wait_until_listening(port, process, Path(folder, "server.log"))
                yield Running(port, process.pid, Path(folder))
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)


def _wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server does not listen:\n{log.read_text()}")
