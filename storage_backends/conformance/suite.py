"""The suite that every storage backend must pass, ours or a stranger's: pytest classes to subclass.

    from storage_backends.conformance import Conformance

    class TestMine(Conformance):
        @pytest.fixture
        def backend(self, tmp_path):
            return MyBackend(tmp_path)

Override `inventory` and `faults` too, or the tests that need them are skipped. docs/writing-a-backend.md tells more.
It needs nothing but pytest.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from storage_backends.base import KiB, MiB, NotFound, StorageBackend, StorageError
from storage_backends.conformance.faults import FaultTests, InterleavingTests, WriterTests
from storage_backends.conformance.steps import Fixtures, add, data, read, save, sweep, upload

STATE_LIMIT = 8 * KiB
"""Bytes that a state may take in the upload's row, written as JSON."""


class ObjectTests(Fixtures):
    """What is published: save, open, size, delete."""

    def test_it_can_be_used(self, backend: StorageBackend) -> None:
        backend.check()
        backend.probe()

    def test_probing_leaves_nothing(self, backend: StorageBackend, inventory: Callable[[], Iterable[str]]) -> None:
        backend.check()
        backend.probe()
        assert not list(inventory())

    def test_a_saved_object_is_read_back(self, backend: StorageBackend) -> None:
        save(backend, "ab/one", b"content")
        assert read(backend, "ab/one") == b"content"
        assert backend.size("ab/one") == 7

    def test_saving_again_replaces(self, backend: StorageBackend) -> None:
        save(backend, "ab/one", b"a longer first one")
        save(backend, "ab/one", b"second")
        assert read(backend, "ab/one") == b"second"

    @pytest.mark.parametrize(
        ("start", "length", "expected"),
        [
            (0, None, b"0123456789"),
            (4, None, b"456789"),
            (0, 3, b"012"),
            (4, 3, b"456"),
            (9, 1, b"9"),
            (7, 100, b"789"),
            (0, 0, b""),
            (10, 5, b""),
        ],
    )
    def test_a_range_is_read(self, backend: StorageBackend, start: int, length: int | None, expected: bytes) -> None:
        save(backend, "ab/one", b"0123456789")
        assert read(backend, "ab/one", start, length) == expected

    def test_a_stream_can_be_read_in_pieces_and_closed_early(self, backend: StorageBackend) -> None:
        content = data(3 * MiB)
        save(backend, "ab/one", content)
        with backend.open("ab/one", 1) as stream:
            assert stream.read(10) == content[1:11]
            assert stream.read(1 * MiB) == content[11 : 11 + 1 * MiB]

    @pytest.mark.parametrize("length", [None, 0, 5])
    def test_opening_what_is_not_there(self, backend: StorageBackend, length: int | None) -> None:
        with pytest.raises(NotFound):
            backend.open("ab/none", 0, length)

    def test_the_size_of_what_is_not_there(self, backend: StorageBackend) -> None:
        with pytest.raises(NotFound):
            backend.size("ab/none")

    def test_deleting_twice(self, backend: StorageBackend) -> None:
        save(backend, "ab/one", b"content")
        save(backend, "ab/one2", b"a neighbour")
        backend.delete("ab/one")
        backend.delete("ab/one")
        with pytest.raises(NotFound):
            backend.size("ab/one")
        assert read(backend, "ab/one2") == b"a neighbour"

    def test_keys_that_lead_elsewhere_are_refused(self, backend: StorageBackend) -> None:
        for key in ("../secret", "/etc/passwd", "ab//cd", "ab/.hidden", "", "Ab"):
            with pytest.raises(ValueError, match="not a storage key"):
                backend.start(key, "image/png")
            with pytest.raises(ValueError, match="not a storage key"):
                backend.open(key)


class UploadTests(Fixtures):
    """Chunks become one object, and only what is official of them."""

    @pytest.mark.parametrize("extra", [-1, 0, 1])
    @pytest.mark.parametrize("parts", [1, 2])
    def test_sizes_around_a_part(self, backend: StorageBackend, parts: int, extra: int) -> None:
        self.round_trip(backend, data(parts * self.part_size + extra), 3 * MiB)

    @pytest.mark.parametrize("chunk", [200 * KiB, 5 * MiB, 6 * MiB, 8 * MiB])
    def test_chunk_sizes(self, backend: StorageBackend, chunk: int) -> None:
        self.round_trip(backend, data(chunk + 6 * MiB + 7), chunk)

    def test_one_byte(self, backend: StorageBackend) -> None:
        self.round_trip(backend, b"x", 1)

    def test_chunks_of_unequal_sizes(self, backend: StorageBackend) -> None:
        state = backend.start("ab/cd", "image/png")
        chunks = [data(size, size) for size in (1, 6 * MiB, 200 * KiB, 5 * MiB - 1, 11 * MiB, 3, 5 * MiB, 70 * KiB)]
        backend.finish(add(backend, state, *chunks))
        assert read(backend, "ab/cd") == b"".join(chunks)

    def round_trip(self, backend: StorageBackend, content: bytes, chunk: int) -> None:
        chunks = [content[start : start + chunk] for start in range(0, len(content), chunk)]
        backend.finish(upload(backend, "ab/cd", *chunks))
        assert backend.size("ab/cd") == len(content)
        assert read(backend, "ab/cd") == content
        assert not list(backend.unfinished(datetime.now(UTC) + timedelta(days=1)))

    def test_it_is_invisible_until_it_is_finished(self, backend: StorageBackend) -> None:
        state = upload(backend, "ab/cd", data(6 * MiB), b"more")
        for look in (backend.size, backend.open):
            with pytest.raises(NotFound):
                look("ab/cd")
        backend.finish(state)
        assert backend.size("ab/cd") == 6 * MiB + 4

    def test_nothing_is_in_doubt_while_all_is_well(self, backend: StorageBackend) -> None:
        state = backend.start("ab/cd", "image/png")
        assert backend.doubtful(state) is None
        state = add(backend, state, b"first", data(6 * MiB))
        assert backend.doubtful(state) is None
        backend.finish(state)
        assert backend.doubtful(state) is None

    def test_finishing_twice(self, backend: StorageBackend) -> None:
        uploads = {"ab/small": [b"one"], "ab/few": [b"one", b"two"], "ab/large": [data(6 * MiB), b"two"]}
        for key, chunks in uploads.items():
            state = upload(backend, key, *chunks)
            backend.finish(state)
            backend.finish(state)
            assert read(backend, key) == b"".join(chunks)

    def test_a_state_is_not_changed_and_is_json(self, backend: StorageBackend) -> None:
        state = backend.start("ab/cd", "image/png")
        for number in range(4):
            before = json.dumps(state)
            following = backend.write(json.loads(before), number * 3 * MiB, io.BytesIO(data(3 * MiB)), 3 * MiB)
            assert json.dumps(state) == before
            state = following
        backend.finish(json.loads(json.dumps(state)))
        assert read(backend, "ab/cd") == data(3 * MiB) * 4

    @pytest.mark.parametrize(("chunk", "count"), [(1, 250), (100 * KiB, 60)])
    def test_a_state_stays_small(self, backend: StorageBackend, chunk: int, count: int) -> None:
        state, content = backend.start("ab/cd", "image/png"), data(chunk * count)
        for offset in range(0, len(content), chunk):
            state = add(backend, state, content[offset : offset + chunk], offset=offset)
            assert len(json.dumps(state)) <= STATE_LIMIT
        backend.finish(state)
        assert read(backend, "ab/cd") == content

    def test_a_chunk_that_breaks_off_changes_nothing(self, backend: StorageBackend) -> None:
        state = upload(backend, "ab/cd", b"first")
        with pytest.raises(StorageError):
            backend.write(state, 5, io.BytesIO(b"too few"), 100)
        backend.finish(add(backend, state, b"second", offset=5))
        assert read(backend, "ab/cd") == b"firstsecond"

    @pytest.mark.parametrize("official", [b"", b"first", data(6 * MiB)], ids=["nothing", "little", "a part"])
    def test_a_write_that_was_not_official_leaves_no_trace(self, backend: StorageBackend, official: bytes) -> None:
        state = backend.start("ab/cd", "image/png")
        if official:
            state = add(backend, state, official)
        for lost in (b"shorter", data(2 * MiB, 1)):
            add(backend, state, lost, offset=len(official))
        backend.finish(add(backend, state, b"the official one", offset=len(official)))
        assert read(backend, "ab/cd") == official + b"the official one"

    def test_what_was_written_after_the_official_state_is_not_published(self, backend: StorageBackend) -> None:
        for key, official in {"ab/small": b"official", "ab/large": data(11 * MiB)}.items():
            state = upload(backend, key, official)
            add(backend, state, data(6 * MiB, 1), offset=len(official), key=key)
            backend.finish(state)
            assert read(backend, key) == official

    def test_uploads_to_many_keys_at_once(self, backend: StorageBackend) -> None:
        def run(number: int) -> bool:
            chunks = [data(1 * MiB, number), data(4 * MiB + 1, number), data(100, number)]
            backend.finish(upload(backend, f"ab/{number}", *chunks))
            return read(backend, f"ab/{number}") == b"".join(chunks)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(run, range(6)))


class LeftoverTests(Fixtures):
    """Nothing stays behind that nobody knows of."""

    @pytest.mark.parametrize("size", [10, 12 * MiB])
    def test_aborting_twice(self, backend: StorageBackend, inventory: Callable[[], Iterable[str]], size: int) -> None:
        state = upload(backend, "ab/cd", *[data(size // 2)] * 2)
        backend.abort(state)
        backend.abort(state)
        assert not list(inventory())
        with pytest.raises(NotFound):
            backend.size("ab/cd")

    @pytest.mark.parametrize("size", [10, 12 * MiB])
    def test_what_was_aborted_cannot_be_finished(self, backend: StorageBackend, size: int) -> None:
        state = upload(backend, "ab/cd", *[data(size // 2)] * 2)
        backend.abort(state)
        with pytest.raises(NotFound):
            backend.finish(state)

    def test_aborting_an_upload_without_a_chunk(self, backend: StorageBackend) -> None:
        backend.abort(backend.start("ab/cd", "image/png"))
        assert not list(backend.unfinished(datetime.now(UTC) + timedelta(days=1)))

    @pytest.mark.parametrize("size", [10, 12 * MiB])
    def test_aborting_what_is_finished_keeps_it(self, backend: StorageBackend, size: int) -> None:
        state = upload(backend, "ab/cd", *[data(size // 2)] * 2)
        backend.finish(state)
        backend.abort(state)
        assert read(backend, "ab/cd") == data(size // 2) * 2

    @pytest.mark.parametrize("end", ["finish", "abort"])
    @pytest.mark.parametrize("size", [10, 6 * MiB])
    def test_a_writer_who_comes_too_late(
        self, backend: StorageBackend, inventory: Callable[[], Iterable[str]], end: str, size: int
    ) -> None:
        early = upload(backend, "ab/cd", data(size))
        state = add(backend, early, b"the end", offset=size)
        getattr(backend, end)(state)
        for stale in (early, state):
            try:
                add(backend, stale, data(1 * MiB, 1), offset=size if stale is early else size + 7)
            except NotFound:
                continue
        sweep(backend)
        if end == "finish":
            assert read(backend, "ab/cd") == data(size) + b"the end"
        assert list(inventory()) == (["ab/cd"] if end == "finish" else [])

    def test_the_unfinished_is_listed_and_discarded(
        self, backend: StorageBackend, inventory: Callable[[], Iterable[str]]
    ) -> None:
        started = datetime.now(UTC) - timedelta(seconds=2)  # clocks of files and of servers are coarse
        upload(backend, "ab/cd", b"chunk", b"another")
        save(backend, "ab/other", b"published")
        assert not list(backend.unfinished(started))
        found = list(backend.unfinished(datetime.now(UTC) + timedelta(seconds=2)))
        assert {leftover.key for leftover in found} == {"ab/cd"}
        assert sum(leftover.size for leftover in found) in (0, 12)
        assert all(leftover.modified >= started for leftover in found)
        for leftover in found * 2:
            backend.discard(leftover)
        assert list(inventory()) == ["ab/other"]

    def test_a_large_unfinished_upload_is_discarded_whole(
        self, backend: StorageBackend, inventory: Callable[[], Iterable[str]]
    ) -> None:
        upload(backend, "ab/cd", *[data(4 * MiB)] * 4)
        assert {leftover.key for leftover in sweep(backend)} == {"ab/cd"}
        assert not list(inventory())

    def test_a_neighbour_whose_key_begins_the_same_is_left_alone(self, backend: StorageBackend) -> None:
        chunks = (data(5 * MiB), b"more")
        near = {key: upload(backend, key, *chunks) for key in ("ab/cde", "ab/cd-")}
        backend.abort(upload(backend, "ab/cd", *chunks))
        backend.finish(upload(backend, "ab/c", *chunks))
        for key, state in near.items():
            backend.finish(add(backend, state, b"end", offset=5 * MiB + 4, key=key))
            assert read(backend, key) == data(5 * MiB) + b"moreend"


class Conformance(ObjectTests, UploadTests, LeftoverTests, WriterTests, InterleavingTests, FaultTests):
    """All of it."""
