"""CheckedBackend's work for every backend: keys, errors, times."""

import errno
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage_backends.base import Leftover, NoSpace, NotFound, StorageBackend, StorageError, Unavailable
from storage_backends.checked import OPERATIONS, CheckedBackend
from storage_backends.conformance.steps import read, save, upload
from storage_backends.local import LocalBackend

NOW = datetime.now(UTC)
BAD_KEYS = ("../secret", "/etc/passwd", "ab//cd", "ab/.hidden", "", "Ab", "ab/", "ab/c\n")

Call = Callable[[StorageBackend], Any]

BY_KEY: dict[str, Callable[[StorageBackend, str], Any]] = {
    "start": lambda backend, key: backend.start(key, "image/png"),
    "exclusive": lambda backend, key: backend.exclusive(key).__enter__(),
    "save": lambda backend, key: backend.save(key, io.BytesIO(b"x"), "image/png"),
    "save_soon": lambda backend, key: backend.save_soon(key, io.BytesIO(b"x"), "image/png", ""),
    "settle": lambda backend, key: backend.settle([key]),
    "open": lambda backend, key: backend.open(key),
    "size": lambda backend, key: backend.size(key),
    "delete": lambda backend, key: backend.delete(key),
    "url": lambda backend, key: backend.url(key, "image/png", "inline"),
    "web_path": lambda backend, key: backend.web_path(key),
}
CALLS: dict[str, Call] = {
    "start": lambda backend: backend.start("ab/cd", "image/png"),
    "write": lambda backend: backend.write({}, 0, io.BytesIO(b"x"), 1),
    "sync": lambda backend: backend.sync({}),
    "doubtful": lambda backend: backend.doubtful({}),
    "verify": lambda backend: backend.verify({}),
    "peek": lambda backend: backend.peek({}),
    "finish": lambda backend: backend.finish({}),
    "tidy": lambda backend: backend.tidy({}),
    "abort": lambda backend: backend.abort({}),
    "exclusive": lambda backend: backend.exclusive("ab/cd").__enter__(),
    "save": lambda backend: save(backend, "ab/cd", b"x"),
    "settle": lambda backend: backend.settle(["ab/cd"]),
    "open": lambda backend: backend.open("ab/cd"),
    "size": lambda backend: backend.size("ab/cd"),
    "delete": lambda backend: backend.delete("ab/cd"),
    "url": lambda backend: backend.url("ab/cd", "image/png", "inline"),
    "unfinished": lambda backend: list(backend.unfinished(NOW)),
    "discard": lambda backend: backend.discard(Leftover("ab/cd", "ab/cd", 1, NOW)),
    "probe": lambda backend: backend.probe(),
    "check": lambda backend: backend.check(),
}


class Observed(list[tuple[str, str]]):
    """The operations and outcomes that a backend's observer got."""

    def __call__(self, operation: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.append((operation, outcome))


@pytest.fixture
def observed() -> Observed:
    return Observed()


@pytest.fixture
def backend(tmp_path: Path, observed: Observed) -> CheckedBackend:
    return CheckedBackend(LocalBackend(tmp_path), observed)


@pytest.mark.parametrize("key", BAD_KEYS)
@pytest.mark.parametrize("call", BY_KEY.values(), ids=list(BY_KEY))
def test_a_bad_key_does_not_reach_the_backend(tmp_path: Path, call: Callable[..., Any], key: str) -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        call(CheckedBackend(LocalBackend(tmp_path / "none")), key)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("error", "known", "outcome"),
    [
        (FileNotFoundError(errno.ENOENT, "gone"), NotFound, "not_found"),
        (OSError(errno.ENOSPC, "full"), NoSpace, "no_space"),
        (OSError(errno.EIO, "broken"), Unavailable, "unavailable"),
        (OSError(errno.EINVAL, "odd"), StorageError, "failed"),
        (Unavailable("the backend's own"), Unavailable, "unavailable"),
        (KeyError("a bug"), KeyError, "failed"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
@pytest.mark.parametrize("name", CALLS)
def test_an_error_is_translated_and_counted(
    backend: CheckedBackend,
    observed: Observed,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    error: Exception,
    known: type[Exception],
    outcome: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    backend.check()
    monkeypatch.setattr(LocalBackend, name, fail)
    with pytest.raises(Exception) as caught:
        CALLS[name](backend)
    assert type(caught.value) is known
    assert caught.value is error or caught.value.__cause__ is error
    assert observed == ([(name, outcome)] if name in OPERATIONS else [])


def test_what_ends_well_is_counted(backend: CheckedBackend, observed: Observed) -> None:
    backend.finish(upload(backend, "ab/cd", b"first", b"second"))
    assert observed == [(operation, "ok") for operation in ("start", "write", "write", "finish")]


def test_what_is_raised_while_the_lock_is_held_is_the_callers(tmp_path: Path) -> None:
    class Locking(LocalBackend):
        @contextmanager
        def exclusive(self, key: str) -> Iterator[None]:
            yield

    error = OSError(errno.EIO, "the caller's")
    with pytest.raises(OSError, match="the caller's") as caught, CheckedBackend(Locking(tmp_path)).exclusive("ab/cd"):
        raise error
    assert caught.value is error


def test_errors_while_a_stream_is_read_are_translated(backend: CheckedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(LocalBackend, "open", lambda *_: Broken())
    ways: tuple[Callable[[Any], object], ...] = (
        lambda stream: stream.read(),
        lambda stream: stream.read(5),
        lambda stream: stream.readinto(bytearray(5)),
    )
    for how in ways:
        with backend.open("ab/cd") as stream, pytest.raises(Unavailable, match="broken"):
            how(stream)


def test_a_file_can_be_sent_by_its_number_but_a_range_cannot(backend: CheckedBackend) -> None:
    save(backend, "ab/cd", b"content")
    ends = socket.socketpair()
    with backend.open("ab/cd") as stream, ends[0], ends[1]:
        ends[0].sendfile(stream)
        assert ends[1].recv(100) == b"content"
    with backend.open("ab/cd", 1, 3) as stream, pytest.raises(io.UnsupportedOperation):
        stream.fileno()
    assert read(backend, "ab/cd", 1, 3) == b"ont"


def test_a_backend_that_lets_its_errors_through_can_be_probed_as_it_inherits_it(tmp_path: Path) -> None:
    class Inheriting(LocalBackend):
        probe = StorageBackend.probe

    backend = CheckedBackend(Inheriting(tmp_path))
    with pytest.raises(Unavailable):
        backend.probe()
    backend.check()
    backend.probe()


def test_every_method_of_the_interface_reaches_the_backend() -> None:
    own = {name for name in vars(StorageBackend) if not name.startswith("_")}
    assert own <= vars(CheckedBackend).keys()
    assert set(OPERATIONS) <= own & CALLS.keys()


def test_what_is_saved_for_now_is_there_at_once_and_can_be_settled(tmp_path: Path) -> None:
    backend = CheckedBackend(LocalBackend(tmp_path))
    backend.check()
    assert backend.save_soon("ab/cd", io.BytesIO(b"content"), "image/png", "") is False
    assert read(backend, "ab/cd") == b"content"
    backend.settle(["ab/cd"])
    with pytest.raises(NotFound):
        backend.settle(["ab/none"])


def test_the_bytes_of_an_upload_can_be_read_while_it_is_finished(tmp_path: Path) -> None:
    backend = CheckedBackend(LocalBackend(tmp_path))
    backend.check()
    state = backend.start("ab/cd", "image/png")
    state = backend.write(state, 0, io.BytesIO(b"content"), 7)
    stream = backend.peek(state)
    assert stream is not None
    with stream:
        backend.finish(state)
        assert stream.read() == b"content"
    with pytest.raises(NotFound):
        backend.peek(state)
