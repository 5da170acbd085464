"""LocalBackend passes the suite, and a few things that only a file system can do to it."""

import errno
import io
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storage_backends.base import Misconfigured, NoSpace, StorageError
from storage_backends.conformance import Conformance
from storage_backends.conformance_steps import Faults, read, save, upload
from storage_backends.local import LocalBackend
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
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path)


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, NoSpace), (errno.EDQUOT, NoSpace), (errno.EACCES, StorageError)]
)
def test_what_the_system_says_becomes_our_error(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[StorageError]
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
