"""LocalBackend's calls of the operating system: files and folders that survive a power cut, and their errors."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from storage_backends.base import NoSpace, NotFound, Published, StorageError, Unavailable

FILES, PARTS = "files", "parts"
"""Folders in the root, for published files and for unfinished uploads."""

FILE_MODE = 0o640
FOLDER_MODE = 0o750
"""Writable for the owner, readable for the group, which may contain the nginx that sends the files. The umask applies.
"""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FOR_NOW = {
    *(
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
    ),  # remounted read-only, or owned by another user, until the operator repairs it
    *(errno.EIO, errno.ENXIO, errno.ENODEV, errno.ETIMEDOUT),
    *(errno.ESTALE, errno.ENOLCK, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH),  # network file systems
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EBUSY),
}


def translate(error: OSError, root: Path) -> StorageError:
    """Return the meaning of the operating system's error for the storage in `root`."""
    if isinstance(error, FileNotFoundError):
        # If the folders are missing, the file system is not mounted: that says nothing about a single file.
        kind: type[StorageError] = NotFound if (root / PARTS).is_dir() and (root / FILES).is_dir() else Unavailable
    else:
        kind = NoSpace if error.errno in _FULL else Unavailable if error.errno in _FOR_NOW else StorageError
    return kind(str(error))


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that the names in it survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents, and sync each of them."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync_folder(folder.parent)


def sync_or_forget(fd: int, synced: int) -> None:
    """Sync a part; if that fails, cut off the bytes that were not synced before.

    Linux reports a failed write-back once; a later fsync would succeed, so truncate now.
    """
    try:
        os.fdatasync(fd)
    except OSError:
        os.ftruncate(fd, synced)
        raise


class Window(io.RawIOBase):
    """A stream of the next `length` bytes of `file`; closing it closes the file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def listed(folder: Path, prefix: str, after: str) -> Iterator[Published]:
    """Yield the files below `folder` with keys after `after`, in the order of their keys, which begin with `prefix`.

    A folder's name is sorted together with the slash that follows it in a key.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name + "/" * entry.is_dir() for entry in entries)
    except FileNotFoundError:  # removed during the listing
        return
    for name in names:
        key = prefix + name
        if name.endswith("/"):
            if key > after or after.startswith(key):
                yield from listed(folder / name, key, after)
        elif key > after:
            with suppress(FileNotFoundError):
                stat = (folder / name).stat()
                yield Published(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))
