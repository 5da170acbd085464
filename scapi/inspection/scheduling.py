"""How a job's process shares the processors with those that serve: they go first, and wait for it only briefly."""

from __future__ import annotations

import ctypes
import os
import struct

SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}
"""The number of the system call sched_setattr(2), by the architecture."""

SLICE_NANOSECONDS = 100_000
"""After so long a process that has waited may have the processor: the shortest time that Linux takes (from 6.12 on).
Without it a request that wakes up waits for some milliseconds each time, as often as its threads take turns."""

_ATTRIBUTES = struct.Struct("=IIQiIQQQ")  # struct sched_attr of linux/sched/types.h, in its first version
_SCHED_OTHER = 0

_libc = ctypes.CDLL(None, use_errno=True)


def stand_back(niceness: int) -> None:
    """Let this process stand back by so much (nice(2)), and be interrupted soon where the kernel can do that."""
    os.nice(niceness)
    number = SET_ATTRIBUTES.get(os.uname().machine)
    if number is not None:
        wanted = os.getpriority(os.PRIO_PROCESS, 0)
        attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, _SCHED_OTHER, 0, wanted, 0, SLICE_NANOSECONDS, 0, 0)
        _libc.syscall(number, 0, attributes, 0)  # an older kernel, or one that forbids it, leaves all as it is
