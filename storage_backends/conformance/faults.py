"""The part of `storage_backends.conformance` with racing writers and with failures at every low-level call."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import accumulate
from threading import Event, Lock, Thread
from typing import Any, TypeVar

import pytest

from storage_backends.base import KiB, MiB, NotFound, State, StorageError, Unavailable
from storage_backends.conformance.steps import (
    Contents,
    Faults,
    Fixtures,
    Happening,
    Store,
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

UPLOADS = {
    "one chunk": [b"only"],
    "small": [b"first", b"second"],
    "large": [data(3 * MiB), data(2 * MiB + 1), data(100)],
    "chunks as large as parts": [data(5 * MiB), data(100)],
}

PATIENCE = 30
"""Seconds to wait for another thread."""

OFFICIAL = (data(3 * MiB), data(2 * MiB + 1))
"""The official bytes before a race: enough that the racing writes must make a part."""


def insist(step: Callable[[], Result]) -> Result:
    """Do a step like a client: if the storage is unavailable, repeat it once. Any other error fails the test."""
    try:
        return step()
    except Unavailable:
        return step()


class FaultTests(Fixtures):
    """A failure before and after every low-level call: the step fails, is repeated, and must succeed."""

    @pytest.fixture(params=[before, after], ids=["before", "after"])
    def happen(self, request: pytest.FixtureRequest) -> Happening:
        """Return when the call fails."""
        chosen: Happening = request.param
        return chosen

    @pytest.mark.parametrize("chunks", UPLOADS.values(), ids=list(UPLOADS))
    def test_an_upload(
        self, store: Store, contents: Contents, faults: Faults, happen: Happening, chunks: list[bytes]
    ) -> None:
        done = set()
        for number, fault in enumerate(faults.every_call(happen)):
            key = f"ab/{number}"
            # An upload that could not begin is begun again under another key, so there is nothing more to try here.
            with fault, suppress(Unavailable):
                state = store.start(key, "image/png")
                self._complete(store, key, state, chunks)
                done.add(key)
        sweep(store)
        assert done
        assert sorted(contents()) == sorted(done)
        assert {read(store, key) for key in done} == {b"".join(chunks)}

    def _complete(self, store: Store, key: str, state: State, chunks: list[bytes]) -> None:
        content, ends = b"".join(chunks), list(accumulate(map(len, chunks)))
        offset, finished = 0, False
        while not finished:
            step = partial(self._go_on, store, key, state, offset, content, ends)
            state, offset, finished = insist(step)

    @staticmethod
    def _go_on(
        store: Store, key: str, state: State, offset: int, content: bytes, ends: list[int]
    ) -> tuple[State, int, bool]:
        """Write the next chunk of `content`, or finish: return the state, the offset, and whether it is finished."""
        with store.exclusive(key):
            state, offset = settled(store, state, content[:offset])
            if offset == len(content):
                store.finish(state)
                return state, offset, True
            chunk = content[offset : next(end for end in ends if end > offset)]
            return store.write(state, offset, io.BytesIO(chunk), len(chunk)), offset + len(chunk), False

    def test_what_is_not_tried_again_is_swept(
        self, store: Store, contents: Contents, faults: Faults, happen: Happening
    ) -> None:
        for number, fault in enumerate(faults.every_call(happen)):
            with fault, suppress(Unavailable):
                upload(store, f"ab/{number}", *UPLOADS["chunks as large as parts"])
        sweep(store)
        assert not list(contents())

    def test_aborting(self, store: Store, contents: Contents, faults: Faults, happen: Happening) -> None:
        for fault in faults.every_call(happen):
            state = upload(store, "ab/cd", *UPLOADS["chunks as large as parts"])
            with fault:
                insist(partial(store.abort, state))
            assert not list(contents())

    def test_sweeping(self, store: Store, contents: Contents, faults: Faults, happen: Happening) -> None:
        for fault in faults.every_call(happen):
            upload(store, "ab/cd", *UPLOADS["chunks as large as parts"])
            with fault:
                insist(partial(sweep, store))
            assert not list(contents())

    def test_saving(self, store: Store, contents: Contents, faults: Faults, happen: Happening) -> None:
        for fault in faults.every_call(happen):
            save(store, "ab/cd", b"old")
            with fault, suppress(Unavailable):
                save(store, "ab/cd", b"new content")
            assert read(store, "ab/cd") in (b"old", b"new content")
            save(store, "ab/cd", b"new content")
            assert read(store, "ab/cd") == b"new content"
        sweep(store)
        assert list(contents()) == ["ab/cd"]

    def test_reading_and_deleting(self, store: Store, contents: Contents, faults: Faults, happen: Happening) -> None:
        for fault in faults.every_call(happen):
            save(store, "ab/cd", b"content")
            with fault:
                assert insist(partial(read, store, "ab/cd")) == b"content"
                assert insist(partial(store.size, "ab/cd")) == 7
                insist(partial(store.delete, "ab/cd"))
            assert not list(contents())


class WriterTests(Fixtures):
    """Concurrent writers, kept apart by `exclusive` if the backend needs that."""

    def test_many_writers_of_one_upload(self, store: Store) -> None:
        """Each does what scapi does: read the row, write, and make the new state official unless another was first."""
        row: dict[str, Any] = {"state": store.start("ab/cd", "image/png"), "content": b""}
        update = Lock()

        def run(writer: int) -> None:
            while len(row["content"]) < 6 * MiB:
                with store.exclusive("ab/cd"):
                    with update:
                        official = dict(row)
                    chunk = data(700 * KiB, writer)
                    try:
                        state = store.write(official["state"], len(official["content"]), io.BytesIO(chunk), len(chunk))
                    except NotFound:  # other writers have gone on so far that the objects of its state were removed
                        assert row["state"] != official["state"]
                        continue
                    with update:
                        if row["state"] == official["state"]:
                            row.update(state=state, content=official["content"] + chunk)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(run, range(4)))
        store.finish(row["state"])
        assert read(store, "ab/cd") == row["content"]
        sweep(store)

    def test_one_writer_at_a_time(self, store: Store) -> None:
        if not self.locks(store.backend):
            pytest.skip("this backend needs no lock")
        state = upload(store, "ab/cd", b"chunk")
        entered = Event()

        def enter() -> None:
            with store.exclusive("ab/cd"):
                entered.set()

        second = Thread(target=enter)
        with store.exclusive("ab/cd"):
            second.start()
            assert not entered.wait(0.2)
            with store.exclusive("ab/other"):
                pass
        second.join(PATIENCE)
        assert entered.is_set()
        store.abort(state)

    def test_there_is_nothing_to_guard_without_an_upload(self, store: Store) -> None:
        with store.exclusive("ab/none"):
            pass


class InterleavingTests(Fixtures):
    """Two writers have the same official state, and one does all its work inside a step of the other."""

    @pytest.mark.parametrize("winner", ["inner", "outer"])
    @pytest.mark.parametrize("official", [(), OFFICIAL], ids=["at the start", "at a part"])
    def test_two_writers(
        self, store: Store, contents: Contents, faults: Faults, winner: str, official: tuple[bytes, ...]
    ) -> None:
        self._needs_no_lock(store)
        size = sum(map(len, official))
        chunks = {"inner": data(64 * KiB, 1), "outer": data(64 * KiB, 2)}
        states: dict[str, State] = {}

        def write(who: str) -> None:
            states[who] = add(store, states["official"], chunks[who], offset=size)

        for fault in faults.every_call(meanwhile(partial(write, "inner"))):
            states = {"official": upload(store, "ab/cd", *official)}
            with fault:
                write("outer")
            if "inner" not in states:
                write("inner")
            end = data(5 * MiB)
            store.finish(add(store, states[winner], end, offset=size + len(chunks[winner])))
            self._is_published(store, *official, chunks[winner], end)
            sweep(store)
            assert not list(contents())

    @pytest.mark.parametrize("outer", ["write", "end"])
    @pytest.mark.parametrize("end", ["finish", "abort"])
    def test_a_stale_writer_at_the_end(
        self, store: Store, contents: Contents, faults: Faults, end: str, outer: str
    ) -> None:
        """The upload goes on and ends during a write from an older state, and the other way round."""
        self._needs_no_lock(store)
        states: dict[str, State] = {}
        size = sum(map(len, OFFICIAL))

        def write_stale() -> None:
            with suppress(StorageError):
                add(store, states["stale"], data(100 * KiB, 1), offset=size)

        def end_it() -> None:
            getattr(store, end)(states["official"])

        steps = [write_stale, end_it] if outer == "write" else [end_it, write_stale]
        for fault in faults.every_call(meanwhile(steps[1])):
            states["stale"] = upload(store, "ab/cd", *OFFICIAL)
            states["official"] = add(store, states["stale"], b"the end", offset=size)
            with fault:
                steps[0]()
            end_it()
            if end == "finish":
                self._is_published(store, *OFFICIAL, b"the end")
            sweep(store)
            assert not list(contents())

    def _is_published(self, store: Store, *chunks: bytes) -> None:
        assert read(store, "ab/cd") == b"".join(chunks)
        store.delete("ab/cd")

    def _needs_no_lock(self, store: Store) -> None:
        if self.locks(store.backend):
            pytest.skip("its `exclusive` keeps writers apart")
