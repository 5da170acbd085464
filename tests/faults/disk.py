"""A disk whose power can be cut: a real ext4 in an image, which the kernel shuts down without writing its cache."""

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import wait_until

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32) in Linux' fs/ext4/ext4.h."""

WITHOUT_FLUSHING = struct.pack("I", 2)
"""EXT4_GOING_FLAGS_NOLOGFLUSH: not even the journal is written."""


PATIENCE = 30
"""Seconds to wait until no process uses a disk any more."""


class Disk:
    """An ext4 of `size` bytes, in an image next to the folder where it is mounted."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder / "disk"
        self._image = folder / "image"
        self.folder.mkdir()
        with self._image.open("wb") as image:
            image.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", self._image], check=True)

    def mount(self) -> None:
        """Mount it; after a cut, its journal is replayed."""
        command = ["mount", "-o", "loop", str(self._image), str(self.folder)]
        mounted = subprocess.run(command, check=False, capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"an image cannot be mounted here: {mounted.stderr.strip()}")

    def unmount(self) -> None:
        """Unmount it as soon as the last killed process has released it."""
        command = ["umount", str(self.folder)]
        wait_until(
            lambda: subprocess.run(command, check=False, capture_output=True).returncode == 0, PATIENCE, "its last user"
        )

    def cut(self) -> None:
        """Lose everything that is not on the disk at this moment; every call fails until it is mounted again."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, WITHOUT_FLUSHING)
        finally:
            os.close(fd)


@contextmanager
def disk(folder: Path, size: int) -> Iterator[Disk]:
    """Mount a new disk; skip the test if that is not possible."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    made = Disk(folder, size)
    made.mount()
    try:
        yield made
    finally:
        made.unmount()
