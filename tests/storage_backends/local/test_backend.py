"""LocalBackend passes the suite, and handles failures that only a file system has."""

import errno
import io
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storage_backends import CheckedBackend
from storage_backends.base import KiB, MiB, Misconfigured, NoSpace, NotFound, State, StorageError, Unavailable
from storage_backends.conformance import Conformance
from storage_backends.conformance.steps import Faults, add, data, read, save, settled, upload
from storage_backends.local import LocalBackend
from storage_backends.local import backend as local_backend
from tests.storehouse import local_inventory

SYSTEM_CALLS = ("open", "pwrite", "fsync", "fdatasync", "ftruncate", "mkdir", "rename", "unlink")


class TestLocal(Conformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> LocalBackend:
        return LocalBackend(tmp_path)

    @pytest.fixture
    def inventory(self, tmp_path: Path) -> Callable[[], list[str]]:
        return partial(local_inventory, tmp_path)

    @pytest.fixture
    def faults(self, backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> Faults:
        backend.check()
        faults = Faults()
        for name in SYSTEM_CALLS:
            monkeypatch.setattr(os, name, partial(self.call, faults, getattr(os, name)))
        return faults

    @staticmethod
    def call(faults: Faults, real: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return faults.call(lambda: real(*arguments, **options), OSError(errno.EIO, "made to fail"))


@pytest.fixture
def backend(tmp_path: Path) -> CheckedBackend:
    return CheckedBackend(LocalBackend(tmp_path))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, NoSpace),
        (errno.EDQUOT, NoSpace),
        (errno.EACCES, Unavailable),
        (errno.EROFS, Unavailable),
        (errno.EINVAL, StorageError),
    ],
)
def test_what_the_system_says_becomes_our_error(
    backend: CheckedBackend, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[StorageError]
) -> None:
    state = upload(backend, "ab/cd", b"first")

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", refuse)
        with pytest.raises(StorageError) as caught:
            backend.write(state, 5, io.BytesIO(b"second"), 6)
        assert type(caught.value) is expected
        with pytest.raises(expected):
            save(backend, "ab/other", b"x")
    backend.finish(state)
    assert read(backend, "ab/cd") == b"first"


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(Misconfigured, match="a folder that it can write and lock files in"):
        LocalBackend(tmp_path / "taken").check()


def test_a_file_is_gone_only_where_its_folders_are_there(backend: CheckedBackend, tmp_path: Path) -> None:
    backend.check()
    state = upload(backend, "ab/cd", b"first")
    (tmp_path / "parts/ab/cd").unlink()
    with pytest.raises(NotFound):
        add(backend, state, b"second", offset=5)
    for folder in ("files", "parts"):
        (tmp_path / folder).rename(tmp_path / "unmounted")
        with pytest.raises(Unavailable):
            add(backend, state, b"second", offset=5)
        with pytest.raises(Unavailable):
            backend.size("ab/cd")
        (tmp_path / "unmounted").rename(tmp_path / folder)


def test_files_are_for_the_owner_and_to_read_for_the_group(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / "data")
    before = os.umask(0)
    try:
        backend.check()
        upload(backend, "aa/finished", b"bytes")
        save(backend, "bb/saved", b"bytes")
        backend.start("cc/unfinished", "image/png")
    finally:
        os.umask(before)
    made = list((tmp_path / "data").rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o640}
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o750}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of files when they were synced."""
    sizes: list[int] = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (sizes.append(os.fstat(fd).st_size), fdatasync(fd)))
    return sizes


@pytest.fixture
def restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], CheckedBackend]:
    """Return a function that returns the backend as after a restart of the machine, or on another machine."""

    def start(boot: str | None = "another") -> CheckedBackend:
        monkeypatch.setattr(local_backend, "boot_id", lambda _folder: boot)
        backend = CheckedBackend(LocalBackend(tmp_path))
        backend.check()
        return backend

    return start


def test_every_few_megabytes_are_synced_and_the_rest_at_the_end(
    restart: Callable[[str | None], CheckedBackend], synced: list[int]
) -> None:
    backend = restart("this one")
    state = upload(backend, "ab/cd", *(data(3 * MiB) for _ in range(4)))
    assert synced == [9 * MiB]
    assert not backend.is_durable(state)
    state = add(backend, state, data(5 * MiB), offset=12 * MiB)
    assert synced == [9 * MiB, 17 * MiB]
    assert backend.is_durable(state)
    backend.finish(add(backend, state, b"end", offset=17 * MiB))
    assert synced == [9 * MiB, 17 * MiB, 17 * MiB + 3]


def test_every_chunk_is_synced_where_other_machines_may_write(
    restart: Callable[[str | None], CheckedBackend], synced: list[int]
) -> None:
    backend = restart(None)
    state = upload(backend, "ab/cd", b"first", b"second")
    assert synced == [5, 11]
    assert backend.is_durable(state)
    assert restart("this one").doubtful(state) is None


def test_what_came_after_the_last_sync_is_in_doubt_after_a_restart(
    restart: Callable[[str | None], CheckedBackend], synced: list[int]
) -> None:
    content = data(8 * MiB) + b"tail"
    state = upload(restart("before"), "ab/cd", content[: 8 * MiB], b"tail")
    backend = restart("after")
    doubt = backend.doubtful(state)
    assert doubt is not None
    assert (doubt.offset, doubt.tail) == (8 * MiB, b"tail")
    assert backend.is_durable(doubt.state)
    state, offset = settled(backend, state, content)
    assert offset == len(content)
    assert backend.is_durable(state)
    assert synced == [8 * MiB, len(content)]
    assert backend.doubtful(state) is None
    backend.finish(state)
    assert read(backend, "ab/cd") == content


@pytest.mark.parametrize("left", [8 * MiB, 8 * MiB + 2])
def test_what_was_lost_is_missed(restart: Callable[[str | None], CheckedBackend], tmp_path: Path, left: int) -> None:
    content = data(8 * MiB) + b"tail"
    backend = restart("this one")
    state = upload(backend, "ab/cd", content[: 8 * MiB], b"tail")
    os.truncate(tmp_path / "parts/ab/cd", left)
    doubt = backend.doubtful(state)  # even without a restart
    assert doubt is not None
    assert doubt.tail == content[8 * MiB : left]
    state, offset = settled(backend, state, content)
    assert offset == 8 * MiB
    backend.finish(add(backend, state, b"tail", offset=offset))
    assert read(backend, "ab/cd") == content


def test_what_was_synced_and_is_gone_is_not_doubted_but_missed(
    restart: Callable[[str | None], CheckedBackend], tmp_path: Path
) -> None:
    state = upload(restart("before"), "ab/cd", data(8 * MiB), b"tail")
    os.truncate(tmp_path / "parts/ab/cd", 100)
    with pytest.raises(NotFound, match="100 bytes"):
        restart("after").doubtful(state)
    (tmp_path / "parts/ab/cd").unlink()
    with pytest.raises(NotFound):
        restart("after").doubtful(state)


def test_a_finished_file_is_not_in_doubt(restart: Callable[[str | None], CheckedBackend]) -> None:
    backend = restart("before")
    state = upload(backend, "ab/cd", b"chunk")
    backend.finish(state)
    assert restart("after").doubtful(state) is None


@pytest.mark.parametrize("step", ["write", "finish"])
def test_what_could_not_be_synced_is_not_believed(
    restart: Callable[[str | None], CheckedBackend], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Linux reports a page that it could not write once, and then treats it as written."""
    backend = restart("this one")
    content = data(8 * MiB) + data(7 * MiB)
    state = upload(backend, "ab/cd", content[: 8 * MiB], content[8 * MiB :])

    def fail(_fd: int) -> None:
        raise OSError(errno.EIO, "lost")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(Unavailable):
            backend.finish(state) if step == "finish" else add(backend, state, data(MiB), offset=15 * MiB)
    assert settled(backend, state, content)[1] == 8 * MiB


def test_a_state_of_a_version_that_synced_every_chunk_goes_on(
    restart: Callable[[str | None], CheckedBackend], synced: list[int]
) -> None:
    backend = restart("this one")
    upload(backend, "ab/cd", b"first")
    state: State = {"key": "ab/cd", "size": 5}
    assert backend.is_durable(state)
    assert backend.doubtful(state) is None
    state = add(backend, state, b"second", offset=5)
    assert synced == [11]
    assert backend.is_durable(state)
    backend.finish(add(backend, state, b"third", offset=11))
    assert read(backend, "ab/cd") == b"firstsecondthird"


def test_machines_that_share_a_folder_take_turns(restart: Callable[[str | None], CheckedBackend]) -> None:
    """One has the disk, the others mount it over the network: each syncs its bytes before another one goes on."""
    content, state = b"", restart("owner").start("ab/cd", "image/png")
    for number, boot in enumerate(["owner", "owner", None, "owner", "owner", "other", None, None, "owner"]):
        backend = restart(boot)
        state, offset = settled(backend, state, content)
        assert offset == len(content)
        chunk = data(100 * KiB, number)
        state = add(backend, state, chunk, offset=offset)
        content += chunk
    state, _ = settled(backend, state, content)
    backend.finish(state)
    assert read(backend, "ab/cd") == content
