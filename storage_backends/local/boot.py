"""Identifies the current boot: bytes that were written but not synced survive until the machine restarts."""

import os
import re
from pathlib import Path

LOCAL = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "xfs", "zfs"})
"""File systems on disks of this machine: until it stops, every process on it reads what any of them has written."""

_ESCAPED = re.compile(r"\\([0-7]{3})")


def boot_id(folder: Path) -> str | None:
    """Return what names this start of the machine, or None where it cannot vouch for what is written to `folder`.

    It cannot for file systems that other machines keep (NFS, SMB, FUSE), nor where Linux's /proc is not there to ask.
    """
    try:
        mounts = os.fsdecode(Path("/proc/self/mountinfo").read_bytes())
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        return None
    return boot.strip() if file_system(folder.resolve(), mounts) in LOCAL else None


def file_system(folder: Path, mounts: str) -> str | None:
    """Return the type of the file system that `folder`, an absolute path, is on; see proc_pid_mountinfo(5)."""
    best, found = -1, None
    for line in mounts.splitlines():
        fields, _, about = line.partition(" - ")
        mount_point = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields.split(" ")[4]))
        depth = len(mount_point.parts)
        if depth >= best and folder.is_relative_to(mount_point):  # the later one covers the earlier
            best, found = depth, about.split(" ")[0]
    return found
