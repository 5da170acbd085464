"""What the tests of `storage_backends.conformance` are made of: fixtures to override, and an upload's steps."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import pytest

from storage_backends.base import Leftover, MiB, State, StorageBackend

Result = TypeVar("Result")

MAX_CALLS = 1000
"""Low-level calls of one tested step; more than that is a loop without an end."""


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
    """Do what scapi does before an upload of which `content` is official goes on: return its state and its offset."""
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
    """Return what is published at `key`, or a range of it."""
    with backend.open(key, start, length) as stream:
        return stream.read()


def sweep(backend: StorageBackend) -> list[Leftover]:
    """Discard all that is unfinished, however young, and return it."""
    found = list(backend.unfinished(datetime.now(UTC) + timedelta(days=1)))
    for leftover in found:
        backend.discard(leftover)
    return found


class Faults:
    """Stands between a backend and its storage: counts the calls, and lets something happen at one of them.

    The fixture `faults` passes every low-level call of the backend (a system call, a request) through `call`.
    """

    def __init__(self) -> None:
        self._calls_left: int | None = None
        self._happen: Happening = before
        self._happened = True

    def call(self, do: Callable[[], Result], error: Exception) -> Result:
        """Return what `do()`, the real call, returns; when it is this call's turn to fail, raise `error` instead.

        `error` is what the backend would see if its storage could not be reached.
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
        """Yield one context after the other; in the n-th, `happen` takes the place of the n-th low-level call.

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
"""Takes a low-level call and the error that it may raise, and does one, the other or both."""


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


class Fixtures:
    """What a subclass provides."""

    part_size = 5 * MiB
    """Bytes at which the backend may store in another way; sizes around it are tried."""

    @pytest.fixture
    def backend(self) -> StorageBackend:
        """Return the backend over an empty storage. To be overridden."""
        raise NotImplementedError("a conformance test class needs a fixture `backend`")

    @pytest.fixture
    def inventory(self, backend: StorageBackend) -> Callable[[], Iterable[str]]:
        """Return a function that looks into the storage past the backend and names all that is there.

        A published object goes by its key, anything else by any name. To be overridden.
        """
        pytest.skip("no fixture `inventory`")

    @pytest.fixture
    def faults(self, backend: StorageBackend) -> Iterable[Faults]:
        """Return a Faults that all low-level calls of `backend` go through. To be overridden."""
        pytest.skip("no fixture `faults`")

    def locks(self, backend: StorageBackend) -> bool:
        """Tell whether the backend relies on `exclusive` to keep racing writers apart."""
        return type(backend).exclusive is not StorageBackend.exclusive
