"""The part of `storage_backends.conformance` with racing writers, and with failures at every low-level call."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import accumulate
from threading import Event, Lock, Thread
from typing import Any, TypeVar

import pytest

from storage_backends.base import KiB, MiB, NotFound, State, StorageBackend, StorageError, Unavailable
from storage_backends.conformance.steps import (
    Faults,
    Fixtures,
    Happening,
    add,
    after,
    before,
    data,
    meanwhile,
    read,
    save,
    settled,
    sweep,
    upload,
)

Result = TypeVar("Result")

Inventory = Callable[[], Iterable[str]]

UPLOADS = {
    "one chunk": [b"only"],
    "small": [b"first", b"second"],
    "large": [data(3 * MiB), data(2 * MiB + 1), data(100)],
    "chunks as large as parts": [data(5 * MiB), data(100)],
}

PATIENCE = 30
"""Seconds to wait for another thread."""

OFFICIAL = (data(3 * MiB), data(2 * MiB + 1))
"""What is official before a race: enough that the racing writes have a part to make."""


def insist(step: Callable[[], Result]) -> Result:
    """Do a step as a client would: when storage is not available, once more. Any other error is one too many."""
    try:
        return step()
    except Unavailable:
        return step()


class FaultTests(Fixtures):
    """A failure before and after every low-level call: the step fails, is done again, and all is well."""

    @pytest.fixture(params=[before, after], ids=["before", "after"])
    def happen(self, request: pytest.FixtureRequest) -> Happening:
        """Return when the call fails."""
        chosen: Happening = request.param
        return chosen

    @pytest.mark.parametrize("chunks", UPLOADS.values(), ids=list(UPLOADS))
    def test_an_upload(
        self, backend: StorageBackend, inventory: Inventory, faults: Faults, happen: Happening, chunks: list[bytes]
    ) -> None:
        done = set()
        for number, fault in enumerate(faults.every_call(happen)):
            key = f"ab/{number}"
            # An upload that could not begin is begun again under a key of its own, so that is all to try here.
            with fault, suppress(Unavailable):
                state = backend.start(key, "image/png")
                self._complete(backend, key, state, chunks)
                done.add(key)
        sweep(backend)
        assert done
        assert sorted(inventory()) == sorted(done)
        assert {read(backend, key) for key in done} == {b"".join(chunks)}

    def _complete(self, backend: StorageBackend, key: str, state: State, chunks: list[bytes]) -> None:
        content, ends = b"".join(chunks), list(accumulate(map(len, chunks)))
        offset, finished = 0, False
        while not finished:
            step = partial(self._go_on, backend, key, state, offset, content, ends)
            state, offset, finished = insist(step)

    @staticmethod
    def _go_on(
        backend: StorageBackend, key: str, state: State, offset: int, content: bytes, ends: list[int]
    ) -> tuple[State, int, bool]:
        """Write the next chunk of `content`, or finish it: return the state, the offset, and whether it is finished."""
        with backend.exclusive(key):
            state, offset = settled(backend, state, content[:offset])
            if offset == len(content):
                backend.finish(state)
                return state, offset, True
            chunk = content[offset : next(end for end in ends if end > offset)]
            return backend.write(state, offset, io.BytesIO(chunk), len(chunk)), offset + len(chunk), False

    def test_what_is_not_tried_again_is_swept(
        self, backend: StorageBackend, inventory: Inventory, faults: Faults, happen: Happening
    ) -> None:
        for number, fault in enumerate(faults.every_call(happen)):
            with fault, suppress(Unavailable):
                upload(backend, f"ab/{number}", *UPLOADS["chunks as large as parts"])
        sweep(backend)
        assert not list(inventory())

    def test_aborting(self, backend: StorageBackend, inventory: Inventory, faults: Faults, happen: Happening) -> None:
        for fault in faults.every_call(happen):
            state = upload(backend, "ab/cd", *UPLOADS["chunks as large as parts"])
            with fault:
                insist(partial(backend.abort, state))
            assert not list(inventory())

    def test_sweeping(self, backend: StorageBackend, inventory: Inventory, faults: Faults, happen: Happening) -> None:
        for fault in faults.every_call(happen):
            upload(backend, "ab/cd", *UPLOADS["chunks as large as parts"])
            with fault:
                insist(partial(sweep, backend))
            assert not list(inventory())

    def test_saving(self, backend: StorageBackend, inventory: Inventory, faults: Faults, happen: Happening) -> None:
        for fault in faults.every_call(happen):
            save(backend, "ab/cd", b"old")
            with fault, suppress(Unavailable):
                save(backend, "ab/cd", b"new content")
            assert read(backend, "ab/cd") in (b"old", b"new content")
            save(backend, "ab/cd", b"new content")
            assert read(backend, "ab/cd") == b"new content"
        sweep(backend)
        assert list(inventory()) == ["ab/cd"]

    def test_reading_and_deleting(
        self, backend: StorageBackend, inventory: Inventory, faults: Faults, happen: Happening
    ) -> None:
        for fault in faults.every_call(happen):
            save(backend, "ab/cd", b"content")
            with fault:
                assert insist(partial(read, backend, "ab/cd")) == b"content"
                assert insist(partial(backend.size, "ab/cd")) == 7
                insist(partial(backend.delete, "ab/cd"))
            assert not list(inventory())


class WriterTests(Fixtures):
    """Writers at the same time, kept apart by `exclusive` where the backend needs that."""

    def test_many_writers_of_one_upload(self, backend: StorageBackend) -> None:
        """Each does what scapi does: read the row, write, and make the new state official unless another was first."""
        row: dict[str, Any] = {"state": backend.start("ab/cd", "image/png"), "content": b""}
        update = Lock()

        def run(writer: int) -> None:
            while len(row["content"]) < 6 * MiB:
                with backend.exclusive("ab/cd"):
                    with update:
                        official = dict(row)
                    chunk = data(700 * KiB, writer)
                    try:
                        state = backend.write(
                            official["state"], len(official["content"]), io.BytesIO(chunk), len(chunk)
                        )
                    except NotFound:  # others went on so far that what it stands for was tidied away
                        assert row["state"] != official["state"]
                        continue
                    with update:
                        if row["state"] == official["state"]:
                            row.update(state=state, content=official["content"] + chunk)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(run, range(4)))
        backend.finish(row["state"])
        assert read(backend, "ab/cd") == row["content"]

    def test_one_writer_at_a_time(self, backend: StorageBackend) -> None:
        if not self.locks(backend):
            pytest.skip("this backend needs no lock")
        upload(backend, "ab/cd", b"chunk")
        entered = Event()

        def enter() -> None:
            with backend.exclusive("ab/cd"):
                entered.set()

        second = Thread(target=enter)
        with backend.exclusive("ab/cd"):
            second.start()
            assert not entered.wait(0.2)
            with backend.exclusive("ab/other"):
                pass
        second.join(PATIENCE)
        assert entered.is_set()

    def test_there_is_nothing_to_guard_without_an_upload(self, backend: StorageBackend) -> None:
        with backend.exclusive("ab/none"):
            pass


class InterleavingTests(Fixtures):
    """Two writers hold the same official state, and one does all its work inside a step of the other."""

    @pytest.mark.parametrize("winner", ["inner", "outer"])
    @pytest.mark.parametrize("official", [(), OFFICIAL], ids=["at the start", "at a part"])
    def test_two_writers(
        self, backend: StorageBackend, inventory: Inventory, faults: Faults, winner: str, official: tuple[bytes, ...]
    ) -> None:
        self._needs_no_lock(backend)
        size = sum(map(len, official))
        chunks = {"inner": data(64 * KiB, 1), "outer": data(64 * KiB, 2)}
        states: dict[str, State] = {}

        def write(who: str) -> None:
            states[who] = add(backend, states["official"], chunks[who], offset=size)

        for fault in faults.every_call(meanwhile(partial(write, "inner"))):
            states = {"official": upload(backend, "ab/cd", *official)}
            with fault:
                write("outer")
            if "inner" not in states:
                write("inner")
            end = data(5 * MiB)
            backend.finish(add(backend, states[winner], end, offset=size + len(chunks[winner])))
            self._is_published(backend, *official, chunks[winner], end)
            sweep(backend)
            assert not list(inventory())

    @pytest.mark.parametrize("outer", ["write", "end"])
    @pytest.mark.parametrize("end", ["finish", "abort"])
    def test_a_stale_writer_at_the_end(
        self, backend: StorageBackend, inventory: Inventory, faults: Faults, end: str, outer: str
    ) -> None:
        """The upload goes on and ends while a write from an older state is under way, and the other way round."""
        self._needs_no_lock(backend)
        states: dict[str, State] = {}
        size = sum(map(len, OFFICIAL))

        def write_stale() -> None:
            with suppress(StorageError):
                add(backend, states["stale"], data(100 * KiB, 1), offset=size)

        def end_it() -> None:
            getattr(backend, end)(states["official"])

        steps = [write_stale, end_it] if outer == "write" else [end_it, write_stale]
        for fault in faults.every_call(meanwhile(steps[1])):
            states["stale"] = upload(backend, "ab/cd", *OFFICIAL)
            states["official"] = add(backend, states["stale"], b"the end", offset=size)
            with fault:
                steps[0]()
            end_it()
            if end == "finish":
                self._is_published(backend, *OFFICIAL, b"the end")
            sweep(backend)
            assert not list(inventory())

    def _is_published(self, backend: StorageBackend, *chunks: bytes) -> None:
        assert read(backend, "ab/cd") == b"".join(chunks)
        backend.delete("ab/cd")

    def _needs_no_lock(self, backend: StorageBackend) -> None:
        if self.locks(backend):
            pytest.skip("its `exclusive` keeps writers apart")
