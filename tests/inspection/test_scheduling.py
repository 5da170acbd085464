"""How a job's process shares the processors."""

import os
import re
import subprocess
import sys

import pytest

from scapi.inspection import scheduling

GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}
"""The number of the system call sched_getattr(2)."""

PROGRAM = """
import ctypes, os, struct, sys
from scapi.inspection import scheduling

scheduling.lower_priority(5)
attributes = ctypes.create_string_buffer(48)
assert ctypes.CDLL(None).syscall(int(sys.argv[1]), 0, attributes, 48, 0) == 0
_, policy, _, niceness, _, slice_, _, _ = struct.unpack("=IIQiIQQQ", attributes.raw)
print(policy, niceness, slice_)
"""


@pytest.mark.skipif(os.uname().machine not in GET_ATTRIBUTES, reason="the system call's number is not known")
def test_a_process_stands_back_and_is_interrupted_soon() -> None:
    command = [sys.executable, "-c", PROGRAM, str(GET_ATTRIBUTES[os.uname().machine])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    policy, niceness, slice_nanoseconds = map(int, done.stdout.split())
    assert (policy, niceness) == (os.SCHED_OTHER, 5)
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if version and (int(version[1]), int(version[2])) >= (6, 12):
        assert slice_nanoseconds == scheduling.SLICE_NANOSECONDS
