"""The CPU seconds and the peak memory of a server's processes, as Linux counts them."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def group(pid: int) -> dict[int, list[str]]:
    """Return the processes in the process group that `pid` leads: their ids, with the fields of `_fields`."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = _fields(stat)
        except (FileNotFoundError, ProcessLookupError):  # the process has ended
            continue
        if int(fields[2]) == pid:
            found[int(stat.parent.name)] = fields
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds, user and system, that the processes of a group and their ended children have used."""
    return sum(int(ticks) for fields in group(pid).values() for ticks in fields[11:15]) / TICKS


def forget_peaks(pid: int) -> None:
    """Reset the peak memory of a group's processes (proc(5), clear_refs)."""
    for member in group(pid):
        Path(f"/proc/{member}/clear_refs").write_text("5")


def resident(pid: int, *, peak: bool) -> int:
    """Return the memory in bytes of the largest process of a group: now, or the peak since `forget_peaks`."""
    name = "VmHWM" if peak else "VmRSS"
    sizes = []
    for member in group(pid):
        status = Path(f"/proc/{member}/status").read_text().splitlines()
        sizes += [int(line.split()[1]) * 1024 for line in status if line.startswith(f"{name}:")]
    return max(sizes)


def _fields(stat: Path) -> list[str]:
    """Return the fields after the command's name, which may contain spaces: state, ppid, pgrp, ..."""
    return stat.read_text().rpartition(") ")[2].split()
