"""The web process's side of the warm process: starts it on first use, and again if it has ended or is old."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from scapi.inspection.outcomes import Lost

MiB = 1024 * 1024

MAX_JOBS = 1_000
"""After this many jobs a warm process is replaced, so that leaks cannot add up."""

SEND_SECONDS = 5.0
"""Seconds that sending a request may take. It takes longer only if the warm process hangs."""

_PROGRAM = Path(__file__).with_name("warm.py")


class WarmProcess:
    """One for each web process, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._jobs = 0
        self._owner = 0
        self._retired: list[subprocess.Popen[bytes]] = []

    def submit(self, request: bytes, descriptors: Sequence[int]) -> None:
        """Send a request with its descriptors. Raises Lost."""
        with self._lock:
            for _ in range(2):  # the process may have died since its last job
                control = self._living()
                try:
                    socket.send_fds(control, [request], descriptors)
                except OSError as error:
                    problem = error
                    self._forget()
                else:
                    self._jobs += 1
                    return
            raise Lost(f"the warm process accepts no requests: {problem}") from problem

    def pid(self) -> int | None:
        """Return the id of the warm process; None before it is first needed."""
        return self._process.pid if self._process and self._owner == os.getpid() else None

    def stop(self) -> None:
        """Kill the warm process and its jobs."""
        with self._lock:
            if self._owner == os.getpid():
                self._forget()

    def _living(self) -> socket.socket:
        if self._owner != os.getpid():  # after a fork it belongs to another process
            self._process = self._control = None
        if self._jobs >= MAX_JOBS:
            self._retire()
        if self._control is None:
            self._start()
        if self._control is None:
            raise Lost("the warm process does not start")
        return self._control

    def _start(self) -> None:
        """Start the warm process by exec: forking a process with threads is not safe. Raises Lost."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(SEND_SECONDS)
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-I", str(_PROGRAM), str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=_ENVIRONMENT,
                    cwd="/",
                )
            except OSError as error:  # no more processes, no memory, or no right to run Python
                ours.close()
                raise Lost(f"the warm process cannot be started: {error}") from error
        self._control, self._jobs, self._owner = ours, 0, os.getpid()
        self._retired = [process for process in self._retired if process.poll() is None]

    def _retire(self) -> None:
        """Let the warm process finish its jobs and end."""
        if self._control is not None and self._process is not None:
            try:
                self._control.send(b"retire")
            except OSError:
                self._forget()
                return
            self._control.close()
            self._retired.append(self._process)
        self._process = self._control = None

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = None


_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "GLIBC_TUNABLES": f"glibc.malloc.mmap_threshold={8 * MiB}:glibc.malloc.trim_threshold={64 * MiB}",
}
"""Its whole environment. That of the web process contains secrets.

By glibc's defaults a job would give each large block back to the kernel, which then clears every page for the next one.
"""

warm = WarmProcess()
"""The warm process of this web process."""

atexit.register(warm.stop)  # if this process is killed, the warm process notices by itself
