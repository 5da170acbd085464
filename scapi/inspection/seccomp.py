"""seccomp: lets a process make only the system calls on a list; all others fail with EPERM (seccomp(2))."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

# asm/unistd_64.h and asm-generic/unistd.h: name, number on x86_64, number on aarch64 (-1: it has none).
_ALLOWED = {
    # the file, the conversation, fonts (limited by Landlock)
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "preadv2": (327, 286), "lseek": (8, 62), "close": (3, 57), "recvfrom": (45, 207), "sendto": (44, 206),
    "recvmsg": (47, 212), "sendmsg": (46, 211), "poll": (7, -1), "ppoll": (271, 73), "open": (2, -1),
    "openat": (257, 56), "fstat": (5, 80), "stat": (4, -1), "lstat": (6, -1), "newfstatat": (262, 79),
    "statx": (332, 291), "getdents64": (217, 61), "access": (21, -1), "faccessat": (269, 48), "readlink": (89, -1),
    "readlinkat": (267, 78), "getcwd": (79, 17), "fcntl": (72, 25), "ioctl": (16, 29), "fadvise64": (221, 223),
    # memory
    "mmap": (9, 222), "munmap": (11, 215), "mremap": (25, 216), "mprotect": (10, 226), "brk": (12, 214),
    "madvise": (28, 233),
    # time, signals of its own, the end
    "clock_gettime": (228, 113), "gettimeofday": (96, 169), "setitimer": (38, 103), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "futex": (202, 98),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "getrandom": (318, 278), "getpid": (39, 172),
    "gettid": (186, 178), "getrusage": (98, 165), "restart_syscall": (219, 128), "exit": (60, 93),
    "exit_group": (231, 94),
}  # fmt: skip

# The same for decoders that start threads. pthread_create(3) tries clone3 first; a filter cannot see its flags.
_CLONE, _CLONE3 = (56, 220), (435, 435)
_FOR_THREADS = {"set_robust_list": (273, 99), "rseq": (334, 293)}
_CLONE_THREAD = 0x00010000

# linux/audit.h: AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64, and the columns of their numbers above.
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# linux/bpf_common.h, linux/seccomp.h: the few instructions that a filter needs.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_NOT_THERE = 0x00050000 | errno.ENOSYS

_PR_GET_SECCOMP, _PR_SET_SECCOMP, _MODE_FILTER = 21, 22, 2

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def is_there() -> bool:
    """Return whether the kernel has seccomp filters and this module knows the architecture."""
    return platform.machine() in _ARCHITECTURES and _libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def program(*, threads: bool = False) -> bytes:
    """Return the filter for this machine, an array of struct sock_filter. `threads`: the process may start threads."""
    architecture, column = _ARCHITECTURES[platform.machine()]
    allowed = _ALLOWED | _FOR_THREADS if threads else _ALLOWED
    numbers = sorted(numbers[column] for numbers in allowed.values() if numbers[column] >= 0)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *(_threads_only(column) if threads else ()),
        *((_JUMP_IF_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)),
        (_RETURN, 0, 0, _FAIL),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _threads_only(column: int) -> list[tuple[int, int, int, int]]:
    """Return the steps that allow clone for threads of this process, and make clone3 fail, so that clone is used."""
    return [
        (_JUMP_IF_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _NOT_THERE),
        (_JUMP_IF_EQUAL, 0, 4, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_JUMP_IF_SET, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL),
    ]


def restrict(filters: bytes) -> None:
    """Apply the filter to this process, for good. It must have given up new privileges before."""
    whole = _Program(len(filters) // 8, filters)
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(whole), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
