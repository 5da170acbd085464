"""LocalBackend: files in a folder on this machine, or in one that several hosts share.

    <root>/files/<key>   published
    <root>/parts/<key>   unfinished: bytes are written at their offset, under a file lock that dies with its process

Every chunk is synced before it is acknowledged, so publishing is a rename however large the file is. The folder may
be shared by hosts if its file system has locks (flock) that hold between them, as NFSv4 does.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from storage_backends.base import (
    Leftover,
    MiB,
    Misconfigured,
    NoSpace,
    NotFound,
    State,
    StorageBackend,
    StorageError,
    Unavailable,
    check_key,
)

COPY_SIZE = 1 * MiB
"""Bytes read from a stream at a time."""

FILE_MODE = 0o640
FOLDER_MODE = 0o750
"""For the owner, and to read for the group, in which an nginx that sends the files may be. The umask may take more."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FOR_NOW = {errno.EROFS, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ETIMEDOUT}


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Turn what the operating system says into the errors of `storage_backends.base`."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(str(error)) from error
    except OSError as error:
        kind = NoSpace if error.errno in _FULL else Unavailable if error.errno in _FOR_NOW else StorageError
        raise kind(str(error)) from error


def _sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _make_folder(folder: Path) -> None:
    """Make `folder` and its parents, each of them surviving a power cut."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        _sync_folder(folder.parent)


def _copy(stream: BinaryIO, fd: int, offset: int = 0) -> int:
    """Write what is left of `stream` into a file at `offset`, sync it, and return its length."""
    position = offset
    while data := stream.read(COPY_SIZE):
        view = memoryview(data)
        while view:
            written = os.pwrite(fd, view, position)
            position += written
            view = view[written:]
    os.fdatasync(fd)
    return position - offset


class _Window(io.RawIOBase):
    """The next `length` bytes of `file`, which it closes with itself."""

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


class LocalBackend(StorageBackend):
    """Files under `root`, which is made if it is not there."""

    def __init__(self, root: Path) -> None:
        self._files = root / "files"
        self._parts = root / "parts"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        return cls(Path(settings["SCAPI_DATA_DIR"]).resolve())

    def check(self) -> None:
        """Raise Misconfigured unless the folders can be made, written and locked."""
        try:
            for folder in (self._files, self._parts):
                _make_folder(folder)
            if self._files.stat().st_dev != self._parts.stat().st_dev:
                raise Misconfigured(f"{self._files} and {self._parts} must be on one file system")
            probe = self._parts / f"~{secrets.token_hex(8)}"
            fd = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
            finally:
                os.close(fd)
                probe.unlink()
        except OSError as error:
            raise Misconfigured(
                f"the local storage needs a folder that it can write and lock files in: {error}"
            ) from error

    def probe(self) -> None:
        """Look whether the folders are there: a file system that is not mounted has none."""
        with _storage_errors():
            for folder in (self._files, self._parts):
                folder.stat()

    def file(self, key: str) -> Path:
        """Return the path at which `key` is published, whether it is there or not."""
        return self._files / check_key(key)

    def _part(self, key: str) -> Path:
        return Path(self._part_name(key))

    def _part_name(self, key: str) -> str:
        # each chunk opens it twice, and to put a Path together takes as long as to open the file
        return f"{self._parts}/{check_key(key)}"

    def start(self, key: str, content_type: str) -> State:
        part = self._part(key)
        with _storage_errors():
            _make_folder(part.parent)
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
            _sync_folder(part.parent)
        return {"key": key, "size": 0}

    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        with _storage_errors():
            fd = os.open(self._part_name(state["key"]), os.O_WRONLY)
            try:
                copied = _copy(stream, fd, offset)
            finally:
                os.close(fd)
        if copied != size:
            raise StorageError(f"a chunk of {size} bytes brought {copied}")
        return {**state, "size": offset + size}

    def finish(self, state: State) -> None:
        key, size = state["key"], state["size"]
        part, file = self._part(key), self.file(key)
        with _storage_errors():
            try:
                fd = os.open(part, os.O_WRONLY)
            except FileNotFoundError:
                if self.size(key) == size:
                    _sync_folder(file.parent)
                    return
                raise
            try:
                written = os.fstat(fd).st_size
                if written < size:
                    raise StorageError(f"{key} has {written} bytes of {size}")
                os.ftruncate(fd, size)  # a write that never became official may have left more
                os.fdatasync(fd)
            finally:
                os.close(fd)
            _make_folder(file.parent)
            part.rename(file)
            _sync_folder(file.parent)

    def abort(self, state: State) -> None:
        with _storage_errors():
            self._part(state["key"]).unlink(missing_ok=True)

    @contextmanager
    def exclusive(self, key: str) -> Iterator[None]:
        try:
            with _storage_errors():
                fd = os.open(self._part_name(key), os.O_RDWR)
        except NotFound:
            yield
            return
        try:
            with _storage_errors():
                fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        part, file = self._part(key), self.file(key)
        part = part.with_name(f"{part.name}~{secrets.token_hex(8)}")
        with _storage_errors():
            _make_folder(part.parent)
            _make_folder(file.parent)
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
            try:
                _copy(stream, fd)
                part.rename(file)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            finally:
                os.close(fd)
            _sync_folder(file.parent)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        with _storage_errors():
            file = self.file(key).open("rb")
            file.seek(start)
        return file if length is None else io.BufferedReader(_Window(file, length))

    def size(self, key: str) -> int:
        with _storage_errors():
            return self.file(key).stat().st_size

    def delete(self, key: str) -> None:
        with _storage_errors():
            self.file(key).unlink(missing_ok=True)

    def web_path(self, key: str) -> str:
        """Return the path below `<root>/files`."""
        return check_key(key)

    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        with _storage_errors():
            for folder, _, names in os.walk(self._parts):
                for name in names:
                    path = Path(folder, name)
                    with suppress(FileNotFoundError):  # finished or aborted while we looked
                        stat = path.stat()
                        modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                        if modified < older_than:
                            where = path.relative_to(self._parts).as_posix()
                            yield Leftover(where.partition("~")[0], where, stat.st_size, modified)

    def discard(self, leftover: Leftover) -> None:
        with _storage_errors():
            (self._parts / leftover.name).unlink(missing_ok=True)
