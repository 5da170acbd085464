"""The scheduling of a job's process: web processes have priority for the processor, and preempt it soon."""

from __future__ import annotations

import ctypes
import os
import struct

SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}
"""The number of the system call sched_setattr(2), by the architecture."""

SLICE_NANOSECONDS = 100_000
"""The time slice: after it, a waiting process may run. It is the shortest that Linux takes (6.12 and later). With the
default slice a request waits for some milliseconds each time that it wakes up."""

_ATTRIBUTES = struct.Struct("=IIQiIQQQ")  # struct sched_attr of linux/sched/types.h, in its first version

_libc = ctypes.CDLL(None, use_errno=True)


def lower_priority(niceness: int) -> None:
    """Lower the priority of this process by `niceness` (nice(2)), and shorten its time slice if the kernel can."""
    os.nice(niceness)
    number = SET_ATTRIBUTES.get(os.uname().machine)
    if number is not None:
        wanted = os.getpriority(os.PRIO_PROCESS, 0)
        attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, wanted, 0, SLICE_NANOSECONDS, 0, 0)
        _libc.syscall(number, 0, attributes, 0)  # an older kernel, or one that forbids it, keeps the default slice
