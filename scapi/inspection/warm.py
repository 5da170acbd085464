"""The warm process: has imported all libraries that inspect files, and forks a process for each job.

Run by path, `python -I warm.py <descriptor of the control line>`, by process.py. It has one thread, so that a fork is
safe, and never reads a file itself. Requests come as messages with descriptors: a socket for the job, a socket on which
this process reports about the job (a pidfd at its start, how it ended), and the file if it is on a local disk.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scapi.inspection import jobs, warming
from scapi.inspection.child import LocalFile, RemoteFile, Teller, work
from scapi.inspection.confinement import Confinement, Limits

MAX_REQUEST = 16 * 1024
RETIRE = b"retire"
"""No more requests: finish the running jobs and end."""

TALK, FILE, FIRST_UNUSED = 3, 4, 5
"""The descriptors of a job's process."""


class Warm:
    """Accepts requests until the web process ends or sends RETIRE."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._confinement = Confinement()
        self._children: dict[int, socket.socket] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Return when all work is done. If the web process has ended, end at once, with all jobs."""
        leaving = False
        while not leaving or self._children:
            for descriptor, _ in self._poll.poll():
                if descriptor != self._control.fileno():
                    self._reap(descriptor)
                    continue
                message, descriptors, _, _ = socket.recv_fds(self._control, MAX_REQUEST, 3)
                if not message:
                    self._kill_all()
                    return
                if message == RETIRE:
                    leaving = True
                    self._poll.unregister(self._control)
                else:
                    self._start(json.loads(message), descriptors)

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> None:
        talk, tell, *file = descriptors
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            self._run(request, talk, file, parent)
        for descriptor in (talk, *file):
            os.close(descriptor)
        line, pidfd = socket.socket(fileno=tell), os.pidfd_open(child)
        self._children[pidfd] = line
        self._poll.register(pidfd, select.POLLIN)
        try:
            socket.send_fds(line, [b"began"], [pidfd])
        except OSError:  # the web process has given up
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def _run(self, request: dict[str, Any], talk: int, file: list[int], parent: int) -> None:
        """Do a job in the process that was forked for it. Does not return."""
        try:
            _arrange(talk, file)
            teller = Teller(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=TALK))
            try:
                limits = Limits(
                    request["cpu_seconds"], request["memory_bytes"], request["niceness"], request["threads"]
                )
                self._confinement.put_on(limits, parent, FIRST_UNUSED if file else FILE)
            except OSError as error:
                teller.mishap(f"the process cannot be confined: {error}")
                return
            size = request["size"]
            source = LocalFile(FILE, size) if file else RemoteFile(teller, size)
            work(jobs.JOBS[request["job"]], request["arguments"], source, teller)
        finally:
            os._exit(0)  # no clean-up is needed, and a broken file could crash a library during it

    def _reap(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        line = self._children.pop(pidfd)
        ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        os.close(pidfd)
        signalled = ended is not None and ended.si_code != os.CLD_EXITED
        number = ended.si_status if ended is not None and signalled else 0
        with suppress(OSError):  # the web process has given up
            line.send(str(number).encode())
        line.close()

    def _kill_all(self) -> None:
        for pidfd in self._children:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        for pidfd in list(self._children):
            self._reap(pidfd)


def _arrange(talk: int, file: list[int]) -> None:
    """Move the descriptors of a job to their fixed numbers."""
    spare = os.dup(talk)
    while spare < FIRST_UNUSED:
        spare = os.dup(talk)
    if file:
        os.dup2(file[0], FILE)
    os.dup2(spare, TALK)
    os.dup2(0, 2)  # messages of libraries about a client's file do not belong in the log


def main() -> None:
    """Serve."""
    os.environ.clear()  # the C library and Python have read it, and jobs get none
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the web process; this one ends with it
    warming.warm_up()
    gc.collect()
    gc.freeze()  # pages that are never written stay shared with the jobs' processes
    Warm(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
