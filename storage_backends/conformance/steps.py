"""The building blocks of `storage_backends.conformance`: fixtures to override, and an upload's steps."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, BinaryIO, TypeVar

import pytest

from storage_backends.base import Leftover, MiB, NotFound, State, StorageBackend
from storage_backends.checked import CheckedBackend

Result = TypeVar("Result")

MAX_CALLS = 1000
"""The most low-level calls of one tested step; more mean an endless loop."""


@cache
def data(size: int, seed: int = 0) -> bytes:
    """Return `size` bytes that look random and are the same every time."""
    return random.Random(f"{size}-{seed}").randbytes(size)  # noqa: S311  # nothing secret about it


def add(backend: StorageBackend, state: State, *chunks: bytes, offset: int = 0, key: str = "ab/cd") -> State:
    """Write `chunks` of the upload to `key` one after the other from `offset` on and return the last state."""
    for chunk in chunks:
        with backend.exclusive(key):
            state = backend.write(state, offset, io.BytesIO(chunk), len(chunk))
        offset += len(chunk)
    return state


def settled(backend: StorageBackend, state: State, content: bytes) -> tuple[State, int]:
    """Do scapi's steps before an upload goes on, of which `content` is official: return its state and its offset."""
    doubt = backend.doubtful(state)
    if doubt is None:
        return state, len(content)
    if content[doubt.offset :] != doubt.tail:
        return doubt.state, doubt.offset
    return backend.write(doubt.state, doubt.offset, io.BytesIO(doubt.tail), len(doubt.tail)), len(content)


def upload(backend: StorageBackend, key: str, *chunks: bytes) -> State:
    """Begin an upload to `key`, write `chunks` and return the state; it is not finished."""
    return add(backend, backend.start(key, "image/png"), *chunks, key=key)


def save(backend: StorageBackend, key: str, content: bytes) -> None:
    """Publish `content` at `key`."""
    backend.save(key, io.BytesIO(content), "image/png")


def read(backend: StorageBackend, key: str, start: int = 0, length: int | None = None) -> bytes:
    """Return the bytes of the object at `key`, or a range of them."""
    with backend.open(key, start, length) as stream:
        return stream.read()


def unfinished(backend: StorageBackend) -> list[Leftover]:
    """Return all objects of unfinished uploads, of any age."""
    return list(backend.unfinished(datetime.now(UTC) + timedelta(days=1)))


def sweep(backend: StorageBackend) -> list[Leftover]:
    """Discard all objects of unfinished uploads, of any age, and return them."""
    found = unfinished(backend)
    for leftover in found:
        backend.discard(leftover)
    return found


class Faults:
    """Stands between a backend and its storage: counts the calls, and makes something happen at one of them.

    The fixture `faults` passes every low-level call of the backend (a system call, a request) through `call`.
    """

    def __init__(self) -> None:
        self._calls_left: int | None = None
        self._happen: Happening = before
        self._happened = True

    def call(self, do: Callable[[], Result], error: Exception) -> Result:
        """Return the result of `do()`, the real call. If it is this call's turn to fail, raise `error` instead.

        `error` is what the backend would get if its storage could not be reached.
        """
        if self._calls_left is None:
            return do()
        if self._calls_left > 0:
            self._calls_left -= 1
            return do()
        self._calls_left = None
        result: Result = self._happen(do, error)
        return result

    def every_call(self, happen: Happening) -> Iterator[AbstractContextManager[None]]:
        """Yield one context after another; in the n-th, `happen` replaces the n-th low-level call.

        Ends after a context that had fewer calls.
        """
        for number in range(MAX_CALLS):
            yield self._at(number, happen)
            if not self._happened:
                return
        raise AssertionError(f"more than {MAX_CALLS} low-level calls in one step")

    @contextmanager
    def _at(self, number: int, happen: Happening) -> Iterator[None]:
        self._calls_left, self._happen = number, happen
        try:
            yield
        finally:
            self._happened = self._calls_left is None
            self._calls_left = None


Happening = Callable[[Callable[[], Any], Exception], Any]
"""Gets a low-level call and the error that it may raise, and does one or both."""


def before(_do: Callable[[], Any], error: Exception) -> Any:
    """Fail before the call takes effect."""
    raise error


def after(do: Callable[[], Any], error: Exception) -> Any:
    """Fail after the call took effect: the answer got lost."""
    do()
    raise error


def meanwhile(action: Callable[[], object]) -> Happening:
    """Do something else just before the call."""

    def happen(do: Callable[[], Any], _error: Exception) -> Any:
        action()
        return do()

    return happen


class Store(CheckedBackend):
    """The backend as scapi uses it, and the keys that a test has used."""

    def __init__(self, backend: StorageBackend) -> None:
        super().__init__(backend)
        self.backend = backend
        self.keys: set[str] = set()

    def start(self, key: str, content_type: str) -> State:
        self.keys.add(key)
        return super().start(key, content_type)

    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        self.keys.add(key)
        super().save(key, stream, content_type)


Contents = Callable[[], Iterable[str]]
"""Lists everything in the storage without using the backend; a published object by its key."""


class Fixtures:
    """The fixtures that a subclass provides, and the fixtures of every test."""

    part_size = 5 * MiB
    """A size in bytes at which the backend may store in another way; the tests try sizes around it."""

    @pytest.fixture
    def backend(self) -> StorageBackend:
        """Return the backend with an empty storage. Must be overridden."""
        raise NotImplementedError("a conformance test class needs a fixture `backend`")

    @pytest.fixture
    def inventory(self) -> Contents | None:
        """Return a function that lists everything in the storage. Can be overridden."""
        return None

    @pytest.fixture
    def faults(self) -> Iterable[Faults]:
        """Return a Faults for all low-level calls of `backend`. Can be overridden."""
        pytest.skip("no fixture `faults`")

    def locks(self, backend: StorageBackend) -> bool:
        """Return whether the backend needs `exclusive` to keep racing writers apart."""
        return type(backend).exclusive is not StorageBackend.exclusive

    @pytest.fixture
    def store(self, backend: StorageBackend) -> Store:
        """Return the backend as scapi uses it: checked, and ready."""
        store = Store(backend)
        store.check()
        return store

    @pytest.fixture
    def contents(self, inventory: Contents | None) -> Contents:
        """Return the function that lists everything in the storage; without one, skip the test."""
        if inventory is None:
            pytest.skip("no fixture `inventory`")
        return inventory

    @pytest.fixture(autouse=True)
    def nothing_is_left_behind(self, store: Store, inventory: Contents | None) -> Iterator[None]:
        """Fail the test if anything is in the storage afterwards, except the objects that it published."""
        yield
        left = [f"unfinished {leftover.name}" for leftover in unfinished(store)]
        for key in store.keys:
            store.delete(key)
        left += inventory() if inventory else [key for key in store.keys if _is_there(store, key)]
        assert not left, f"the test left behind: {', '.join(sorted(left))}"


def _is_there(store: Store, key: str) -> bool:
    try:
        store.size(key)
    except NotFound:
        return False
    return True
