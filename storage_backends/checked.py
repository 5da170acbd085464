"""CheckedBackend: checks keys, translates errors and times calls, once for every backend.

It checks the keys, turns the exceptions of a backend's libraries into the errors of `storage_backends.base`, and times
the calls. So a backend needs no checks of its own.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from time import perf_counter
from typing import Any, BinaryIO, ParamSpec, Self, TypeVar

from storage_backends.base import (
    Diagnosis,
    Doubt,
    Leftover,
    NoSpace,
    NotFound,
    Published,
    State,
    StorageBackend,
    StorageError,
    Unavailable,
)
from storage_backends.keys import KEY
from storage_backends.registry import load

P = ParamSpec("P")
Result = TypeVar("Result")

Observe = Callable[[str, str, float], None]
"""Called after every timed call, with its operation, its outcome and its duration in seconds."""

OPERATIONS = (
    "start",
    "write",
    "sync",
    "doubtful",
    "verify",
    "peek",
    "finish",
    "tidy",
    "abort",
    "save",
    "settle",
    "open",
    "size",
    "delete",
    "discard",
    "probe",
)
"""The calls that are timed. Others are not: `exclusive` waits for other writers, listings are read in small steps, and
the rest does no I/O.
"""

OK, FAILED = "ok", "failed"
OUTCOMES = {NotFound: "not_found", NoSpace: "no_space", Unavailable: "unavailable"}
"""The outcome of a call by its error; FAILED for all other errors."""


def check_key(key: str) -> str:
    """Return `key`; raise ValueError if it does not have the form of a key."""
    if not KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key


class _Translation:
    """A context that raises the exceptions of a backend's libraries as the errors that they mean."""

    def __init__(self, translate: Callable[[Exception], StorageError | None]) -> None:
        self._translate = translate

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, StorageError):
            known = self._translate(error)
            if known is not None:  # otherwise it is a bug, not an error of the storage: raised unchanged
                raise known from error


class CheckedBackend(StorageBackend):
    """`backend`, with keys checked, errors translated and calls timed.

    A call with an invalid key raises ValueError and does not reach the backend.
    """

    def __init__(self, backend: StorageBackend, observe: Observe = lambda _operation, _outcome, _seconds: None) -> None:
        self._backend = backend
        self._observe = observe
        self._translated = _Translation(backend.translate)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Build the backend that `SCAPI_STORAGE` names, without an observer of its calls."""
        return cls(load(settings["SCAPI_STORAGE"]).from_settings(settings))

    def translate(self, error: Exception) -> StorageError | None:
        return self._backend.translate(error)

    def _timed(self, operation: str, call: Callable[P, Result], /, *arguments: P.args, **options: P.kwargs) -> Result:
        began, outcome = perf_counter(), FAILED
        try:
            with self._translated:
                result = call(*arguments, **options)
        except StorageError as error:
            outcome = next((outcome for kind, outcome in OUTCOMES.items() if isinstance(error, kind)), FAILED)
            raise
        else:
            outcome = OK
            return result
        finally:
            self._observe(operation, outcome, perf_counter() - began)

    def check(self) -> None:
        with self._translated:
            self._backend.check()

    def probe(self) -> None:
        self._timed("probe", self._backend.probe)

    def start(self, key: str, content_type: str) -> State:
        return self._timed("start", self._backend.start, check_key(key), content_type)

    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        return self._timed("write", self._backend.write, state, offset, stream, size)

    def block(self, state: State) -> int:
        return self._backend.block(state)

    def typed(self, state: State, content_type: str) -> State:
        return self._backend.typed(state, content_type)

    def named(self, state: State, disposition: str) -> State:
        return self._backend.named(state, disposition)

    def sync(self, state: State) -> State:
        return self._timed("sync", self._backend.sync, state)

    def is_durable(self, state: State) -> bool:
        return self._backend.is_durable(state)

    def doubtful(self, state: State) -> Doubt | None:
        return self._timed("doubtful", self._backend.doubtful, state)

    def verify(self, state: State) -> None:
        self._timed("verify", self._backend.verify, state)

    def finish(self, state: State) -> None:
        self._timed("finish", self._backend.finish, state)

    def publish(self, state: State) -> None:
        self._timed("finish", self._backend.publish, state)

    def tidy(self, state: State) -> None:
        self._timed("tidy", self._backend.tidy, state)

    def peek(self, state: State) -> BinaryIO | None:
        stream = self._timed("peek", self._backend.peek, state)
        return stream and _Stream(stream, self._translated)  # type: ignore[return-value]  # see `open`

    def abort(self, state: State) -> None:
        self._timed("abort", self._backend.abort, state)

    @contextmanager
    def exclusive(self, key: str) -> Iterator[None]:
        with ExitStack() as held:
            with self._translated:  # only on entering: exceptions of the caller inside are not the backend's
                held.enter_context(self._backend.exclusive(check_key(key)))
            yield

    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        self._timed("save", self._backend.save, check_key(key), stream, content_type)

    def save_named(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> None:
        self._timed("save", self._backend.save_named, check_key(key), stream, content_type, disposition)

    def save_soon(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> bool:
        return self._timed("save", self._backend.save_soon, check_key(key), stream, content_type, disposition)

    def settle(self, keys: Iterable[str]) -> None:
        self._timed("settle", self._backend.settle, [check_key(key) for key in keys])

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        stream = self._timed("open", self._backend.open, check_key(key), start, length)
        return _Stream(stream, self._translated)  # type: ignore[return-value]  # typeshed: no RawIOBase is a BinaryIO

    def whole(self, key: str, size: int) -> BinaryIO:
        stream = self._timed("open", self._backend.whole, check_key(key), size)
        return _Stream(stream, self._translated)  # type: ignore[return-value]  # see `open`

    def size(self, key: str) -> int:
        return self._timed("size", self._backend.size, check_key(key))

    def delete(self, key: str) -> None:
        self._timed("delete", self._backend.delete, check_key(key))

    def published(self, after: str = "") -> Iterator[Published]:
        with self._translated:
            # an object whose name is not a valid key is not scapi's
            yield from (found for found in self._backend.published(after) if KEY.fullmatch(found.key))

    def diagnose(self) -> Iterator[Diagnosis]:
        with self._translated:
            yield from self._backend.diagnose()

    def url(self, key: str, content_type: str, disposition: str) -> str | None:
        with self._translated:
            return self._backend.url(check_key(key), content_type, disposition)

    def web_path(self, key: str) -> str | None:
        return self._backend.web_path(check_key(key))

    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        with self._translated:
            yield from self._backend.unfinished(older_than)

    def discard(self, leftover: Leftover) -> None:
        self._timed("discard", self._backend.discard, leftover)


class _Stream(io.RawIOBase):
    """The stream of a backend's `open`; translates errors while it is read."""

    def __init__(self, stream: BinaryIO, translated: _Translation) -> None:
        self._stream = stream
        self._translated = translated

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with self._translated:
            return self._stream.read(size)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    # These methods are for servers that send a file by its descriptor, without reading it (socket.sendfile).

    def fileno(self) -> int:
        return self._stream.fileno()

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
        super().close()
