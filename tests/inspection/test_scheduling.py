"""The priority and the time slice of a job's process."""

import os
import re
import subprocess
import sys

from scapi.inspection import scheduling

GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}
"""The number of the system call sched_getattr(2)."""

PROGRAM = """
import ctypes, os, struct, sys
from scapi.inspection import scheduling

scheduling.lower_priority(5)
attributes = ctypes.create_string_buffer(48)
if sys.argv[1:]:
    assert ctypes.CDLL(None).syscall(int(sys.argv[1]), 0, attributes, 48, 0) == 0
print(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), struct.unpack("=IIQiIQQQ", attributes.raw)[5])
"""


def test_a_process_has_a_lower_priority_and_a_short_time_slice() -> None:
    number = GET_ATTRIBUTES.get(os.uname().machine)
    command = [sys.executable, "-c", PROGRAM, *([] if number is None else [str(number)])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    policy, niceness, slice_nanoseconds = map(int, done.stdout.split())
    assert (policy, niceness) == (os.SCHED_OTHER, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if number is not None and version and (int(version[1]), int(version[2])) >= (6, 12):
        assert slice_nanoseconds == scheduling.SLICE_NANOSECONDS
