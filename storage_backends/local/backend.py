"""LocalBackend: files in a folder on this machine, or in a folder that several hosts share.

    <root>/files/<key>   published
    <root>/parts/<key>   unfinished: bytes are written at their offset, under a file lock that dies with its process

Written bytes are in the cache of the operating system, where they survive every process. After every few megabytes and
at the end the file is synced, to survive a power cut; so the cost of publishing does not depend on the size of the
file. The state says how many bytes were synced and in which boot (`boot`) the rest was written; after a restart that
rest is `doubtful`. On a network file system every chunk is synced.

Hosts may share the folder if the file locks (flock) of its file system work between hosts, as in NFSv4.
"""

from __future__ import annotations

import fcntl
import io
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Self

from storage_backends.base import (
    Doubt,
    Leftover,
    MiB,
    Misconfigured,
    NotFound,
    Published,
    State,
    StorageBackend,
    StorageError,
)
from storage_backends.local.boot import boot_id
from storage_backends.local.files import (
    FILE_MODE,
    FILES,
    PARTS,
    Window,
    listed,
    make_folder,
    sync_folder,
    sync_or_forget,
    translate,
)

COPY_SIZE = 1 * MiB
"""Bytes read from a stream at a time."""

SYNC_EVERY = 8 * MiB
"""The most bytes of an unfinished upload that a power cut can destroy, and that are left to sync at the end."""

WRITE_EVERY = 1 * MiB
"""Bytes after which the operating system is asked to begin writing, so that a sync has little to wait for."""


def _synced(state: State) -> int:
    """Return how many bytes were synced; all, in a state of a version that synced every chunk."""
    synced: int = state["synced"] if "synced" in state else state["size"]
    return synced


def _copy(stream: BinaryIO, fd: int, offset: int = 0) -> int:
    """Write the rest of `stream` into a file at `offset` and return its length. Nothing is synced."""
    position = offset
    while data := stream.read(COPY_SIZE):
        view = memoryview(data)
        while view:
            written = os.pwrite(fd, view, position)
            position += written
            view = view[written:]
    return position - offset


class LocalBackend(StorageBackend):
    """Files under `root`, which is created if it does not exist."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = root / FILES
        self._parts = root / PARTS

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        return cls(Path(settings["SCAPI_DATA_DIR"]).resolve())

    def translate(self, error: Exception) -> StorageError | None:
        return translate(error, self._root) if isinstance(error, OSError) else None

    def check(self) -> None:
        """Raise Misconfigured unless the folders can be created, written and locked."""
        try:
            for folder in (self._files, self._parts):
                make_folder(folder)
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
        """Check that the folders exist: without its file system mounted, they do not."""
        for folder in (self._files, self._parts):
            folder.stat()

    def _part(self, key: str) -> Path:
        return self._parts / key

    def _part_name(self, key: str) -> str:
        # each chunk opens the file twice and reads its size; building a Path takes as long as either of these
        return f"{self._parts}/{key}"

    def start(self, key: str, content_type: str) -> State:
        part = self._part(key)
        make_folder(part.parent)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        sync_folder(part.parent)
        return {"key": key, "size": 0, "synced": 0, "boot": self._boot}

    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        fd = os.open(self._part_name(state["key"]), os.O_WRONLY)
        try:
            copied = _copy(stream, fd, offset)
            synced = self._sync_in_time(fd, state, offset + copied)
        finally:
            os.close(fd)
        if copied != size:
            raise StorageError(f"a chunk of {size} bytes brought {copied}")
        return {**state, "size": offset + size, "synced": synced, "boot": self._boot}

    def _sync_in_time(self, fd: int, state: State, end: int) -> int:
        """Sync a part that now ends at `end`, if it has enough new bytes; return how many of its bytes are synced."""
        synced, begun = _synced(state), state["size"] // WRITE_EVERY * WRITE_EVERY
        if self._boot is None or state.get("boot") != self._boot or end - synced >= SYNC_EVERY:
            sync_or_forget(fd, synced)
            return end
        if end - begun >= WRITE_EVERY:
            os.posix_fadvise(fd, begun, end - begun, os.POSIX_FADV_DONTNEED)  # Linux begins to write the dirty pages
        return synced

    @cached_property
    def _boot(self) -> str | None:
        return boot_id(self._parts)

    def sync(self, state: State) -> State:
        fd = os.open(self._part_name(state["key"]), os.O_WRONLY)
        try:
            sync_or_forget(fd, _synced(state))
        finally:
            os.close(fd)
        return {**state, "synced": state["size"], "boot": self._boot}

    def is_durable(self, state: State) -> bool:
        return bool(_synced(state) == state["size"])

    def doubtful(self, state: State) -> Doubt | None:
        key, synced, size = state["key"], _synced(state), state["size"]
        try:
            there = os.stat(self._part_name(key)).st_size  # noqa: PTH116 - see _part_name
        except FileNotFoundError:
            if self.size(key) == size:
                return None  # finished, and therefore synced
            raise
        if there >= size and (synced == size or state["boot"] == self._boot):
            return None
        if there < synced:
            raise NotFound(f"{key} has {there} bytes; {synced} had been synced")
        with self._part(key).open("rb") as file:
            file.seek(synced)
            return Doubt({**state, "size": synced, "boot": None}, synced, file.read(size - synced))

    def finish(self, state: State) -> None:
        key, size = state["key"], state["size"]
        part, file = self._part(key), self._files / key
        try:
            fd = os.open(part, os.O_WRONLY)
        except FileNotFoundError:
            if self.size(key) == size:
                sync_folder(file.parent)
                return
            raise
        try:
            written = os.fstat(fd).st_size
            if written < size:
                raise NotFound(f"{key} has {written} bytes of {size}")
            os.ftruncate(fd, size)  # a write that never became official may have left more bytes
            sync_or_forget(fd, _synced(state))
        finally:
            os.close(fd)
        make_folder(file.parent)
        part.rename(file)
        sync_folder(file.parent)

    def abort(self, state: State) -> None:
        self._part(state["key"]).unlink(missing_ok=True)

    @contextmanager
    def exclusive(self, key: str) -> Iterator[None]:
        try:
            fd = os.open(self._part_name(key), os.O_RDWR)
        except FileNotFoundError:
            yield
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def peek(self, state: State) -> BinaryIO:
        return self._part(state["key"]).open("rb")

    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        self._save(key, stream, synced=True)

    def save_soon(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> bool:
        self._save(key, stream, synced=False)
        return False

    def settle(self, keys: Iterable[str]) -> None:
        files = [self._files / key for key in keys]
        for file in files:
            fd = os.open(file, os.O_RDONLY)
            try:
                os.fdatasync(fd)
            finally:
                os.close(fd)
        for folder in {file.parent for file in files}:
            sync_folder(folder)

    def _save(self, key: str, stream: BinaryIO, *, synced: bool) -> None:
        part, file = self._part(key), self._files / key
        part = part.with_name(f"{part.name}~{secrets.token_hex(8)}")
        make_folder(part.parent)
        make_folder(file.parent)
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            _copy(stream, fd)
            if synced:
                os.fdatasync(fd)
            part.rename(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        if synced:
            sync_folder(file.parent)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        file = (self._files / key).open("rb")
        file.seek(start)
        return file if length is None else io.BufferedReader(Window(file, length))

    def size(self, key: str) -> int:
        return (self._files / key).stat().st_size

    def delete(self, key: str) -> None:
        (self._files / key).unlink(missing_ok=True)

    def published(self, after: str = "") -> Iterator[Published]:
        return listed(self._files, "", after)

    def web_path(self, key: str) -> str:
        """Return the path below `<root>/files`."""
        return key

    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        for folder, _, names in os.walk(self._parts):
            for name in names:
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # finished or aborted during the listing
                    stat = path.stat()
                    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                    if modified < older_than:
                        where = path.relative_to(self._parts).as_posix()
                        yield Leftover(where.partition("~")[0], where, stat.st_size, modified)

    def discard(self, leftover: Leftover) -> None:
        (self._parts / leftover.name).unlink(missing_ok=True)
