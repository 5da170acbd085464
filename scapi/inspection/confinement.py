"""The rights that a process gives up before it reads a client's file."""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

from scapi.inspection import landlock, scheduling, seccomp

FONTS = tuple(map(Path, ("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts")))
"""Where PDFium looks for fonts."""

MAX_OPEN_FILES = 64
"""The most files open at a time. PDFium opens fonts."""

_MAX_DESCRIPTORS = 1 << 20

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one job: CPU seconds, bytes of memory beyond those of the warm process, whether it may start threads.

    `niceness` lowers its priority for the processor (nice(2)).
    """

    cpu_seconds: int
    memory_bytes: int
    niceness: int
    threads: bool = False


def missing() -> list[str]:
    """Return the means of confinement that this kernel lacks, for the log."""
    found = []
    if not landlock.version():
        found.append("Landlock, which keeps it from files (Linux 5.13 with CONFIG_SECURITY_LANDLOCK)")
    if not seccomp.is_there():
        found.append("seccomp, which keeps it from the network and other processes (x86_64 and aarch64)")
    return found


class Confinement:
    """Rules that are made once; each job's process then applies them to itself."""

    def __init__(self) -> None:
        self._rules = _out_of_the_way(landlock.ruleset(FONTS)) if landlock.version() else None
        self._filters = (
            {threads: seccomp.program(threads=threads) for threads in (False, True)} if seccomp.is_there() else {}
        )
        self._address_space = _address_space()

    def put_on(self, limits: Limits, parent: int, first_unused: int) -> None:
        """Give up all rights, for good, and close all descriptors from `first_unused` on. Raises OSError.

        Ends this process if its parent is gone already.
        """
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        scheduling.lower_priority(limits.niceness)
        space = self._address_space + limits.memory_bytes
        for limit, value in (
            (resource.RLIMIT_AS, space),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        ):
            resource.setrlimit(limit, (value, value))
        if not limits.threads:  # the limit counts the threads of all processes of this user
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        # At the soft limit the kernel sends SIGXCPU, so that the reason is known; at the hard limit SIGKILL.
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
        _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if self._rules is not None:
            landlock.restrict(self._rules)
        os.closerange(first_unused, _MAX_DESCRIPTORS)
        if self._filters:
            seccomp.restrict(self._filters[limits.threads])


def _out_of_the_way(descriptor: int) -> int:
    """Duplicate the descriptor to a number that a job's own descriptors do not use."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, MAX_OPEN_FILES)
    os.close(descriptor)
    return moved


def _address_space() -> int:
    """Return the address space of this process in bytes; most of it is code and libraries."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
