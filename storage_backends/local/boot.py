"""Identifies the current boot: written bytes that are not synced survive until the machine restarts."""

import os
import re
from pathlib import Path

LOCAL = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "xfs", "zfs"})
"""File systems on local disks: until the machine stops, every process can read all written bytes."""

_ESCAPED = re.compile(r"\\([0-7]{3})")


def boot_id(folder: Path) -> str | None:
    """Return the id of the current boot; None if it proves nothing about bytes written to `folder`.

    It proves nothing on network file systems (NFS, SMB, FUSE), and is unknown without Linux's /proc.
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
        if depth >= best and folder.is_relative_to(mount_point):  # a later mount covers an earlier one
            best, found = depth, about.split(" ")[0]
    return found
