"""Landlock: denies a process the file system and TCP, except folders that it may read (Linux 5.13, landlock(7))."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on every architecture."""

GET_VERSION = 1
RULE_PATH_BENEATH = 1

READ_FILE, READ_DIR = 1 << 2, 1 << 3

# linux/landlock.h: rights on files by the version (ABI) that brought them, then TCP (4), signals and sockets (6).
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_TCP, _TCP_SINCE = 0b11, 4
_SCOPES, _SCOPES_SINCE = 0b11, 6

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the kernel's Landlock version (ABI), 0 for none."""
    return max(0, int(_libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), GET_VERSION)))


def ruleset(readable: Iterable[Path]) -> int:
    """Return the descriptor of a set of rules that allows only reading in those folders, if they exist."""
    have = version()
    rights = sum(bits for since, bits in _FILE_RIGHTS.items() if have >= since)
    attributes = struct.pack("=QQQ", rights, _TCP if have >= _TCP_SINCE else 0, _SCOPES if have >= _SCOPES_SINCE else 0)
    size = 24 if have >= _SCOPES_SINCE else 16 if have >= _TCP_SINCE else 8
    rules = _checked(_libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    for folder in readable:
        if folder.is_dir():
            fd = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            beneath = struct.pack("=Qi", READ_FILE | READ_DIR, fd)
            _checked(_libc.syscall(ADD_RULE, rules, RULE_PATH_BENEATH, beneath, 0))
            os.close(fd)
    return rules


def restrict(rules: int) -> None:
    """Apply the rules to this process, for good. It must have given up new privileges before."""
    _checked(_libc.syscall(RESTRICT_SELF, rules, 0))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return result
