"""The suite that every storage backend must pass, scapi's and plug-ins': pytest classes to subclass.

    from storage_backends.conformance import Conformance

    class TestMine(Conformance):
        @pytest.fixture
        def backend(self, tmp_path):
            return MyBackend(tmp_path)

Override `inventory` and `faults` too, or the tests that need them are skipped. See docs/writing-a-backend.md. It needs
only pytest.
"""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from storage_backends.base import KiB, MiB, NotFound, StorageError
from storage_backends.conformance.faults import FaultTests, InterleavingTests, WriterTests
from storage_backends.conformance.steps import Contents, Fixtures, Store, add, data, read, save, sweep, upload

STATE_LIMIT = 8 * KiB
"""The most bytes of a state in the upload's row, written as JSON."""


class ObjectTests(Fixtures):
    """Published objects: save, open, size, delete."""

    def test_it_can_be_used(self, store: Store) -> None:
        store.check()
        store.probe()

    def test_probing_leaves_nothing(self, store: Store, contents: Contents) -> None:
        store.check()
        store.probe()
        assert not list(contents())

    def test_a_saved_object_is_read_back(self, store: Store) -> None:
        save(store, "ab/one", b"content")
        assert read(store, "ab/one") == b"content"
        assert store.size("ab/one") == 7

    def test_saving_again_replaces(self, store: Store) -> None:
        save(store, "ab/one", b"a longer first one")
        save(store, "ab/one", b"second")
        assert read(store, "ab/one") == b"second"

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
    def test_a_range_is_read(self, store: Store, start: int, length: int | None, expected: bytes) -> None:
        save(store, "ab/one", b"0123456789")
        assert read(store, "ab/one", start, length) == expected

    def test_a_stream_can_be_read_in_pieces_and_closed_early(self, store: Store) -> None:
        content = data(3 * MiB)
        save(store, "ab/one", content)
        with store.open("ab/one", 1) as stream:
            assert stream.read(10) == content[1:11]
            assert stream.read(1 * MiB) == content[11 : 11 + 1 * MiB]

    @pytest.mark.parametrize("length", [None, 0, 5])
    def test_opening_what_is_not_there(self, store: Store, length: int | None) -> None:
        with pytest.raises(NotFound):
            store.open("ab/none", 0, length)

    def test_the_size_of_what_is_not_there(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.size("ab/none")

    def test_what_is_published_is_listed_in_order(self, store: Store) -> None:
        keys = ["ab/one", "ab/one.small", "ab/two", "cd/e/f", "zz"]
        before = datetime.now(UTC) - timedelta(minutes=5)
        for key in keys:
            save(store, key, key.encode())
        unfinished = upload(store, "ab/unfinished", b"x")
        listed = list(store.published())
        assert [found.key for found in listed] == sorted(keys)
        assert [found.size for found in listed] == [len(key) for key in sorted(keys)]
        assert all(found.modified > before for found in listed)
        for after in ("ab/one", "ab/one.", "b", "cd/e/f", "zz"):
            assert [found.key for found in store.published(after)] == [key for key in sorted(keys) if key > after]
        store.abort(unfinished)

    def test_deleting_twice(self, store: Store) -> None:
        save(store, "ab/one", b"content")
        save(store, "ab/one2", b"a neighbour")
        store.delete("ab/one")
        store.delete("ab/one")
        with pytest.raises(NotFound):
            store.size("ab/one")
        assert read(store, "ab/one2") == b"a neighbour"


class UploadTests(Fixtures):
    """Chunks become one object, which contains only official bytes."""

    @pytest.mark.parametrize("extra", [-1, 0, 1])
    @pytest.mark.parametrize("parts", [1, 2])
    def test_sizes_around_a_part(self, store: Store, parts: int, extra: int) -> None:
        self.round_trip(store, data(parts * self.part_size + extra), 3 * MiB)

    @pytest.mark.parametrize("chunk", [200 * KiB, 5 * MiB, 6 * MiB, 8 * MiB])
    def test_chunk_sizes(self, store: Store, chunk: int) -> None:
        self.round_trip(store, data(chunk + 6 * MiB + 7), chunk)

    def test_one_byte(self, store: Store) -> None:
        self.round_trip(store, b"x", 1)

    def test_chunks_of_unequal_sizes(self, store: Store) -> None:
        state = store.start("ab/cd", "image/png")
        chunks = [data(size, size) for size in (1, 6 * MiB, 200 * KiB, 5 * MiB - 1, 11 * MiB, 3, 5 * MiB, 70 * KiB)]
        store.finish(add(store, state, *chunks))
        assert read(store, "ab/cd") == b"".join(chunks)

    def round_trip(self, store: Store, content: bytes, chunk: int) -> None:
        chunks = [content[start : start + chunk] for start in range(0, len(content), chunk)]
        store.finish(upload(store, "ab/cd", *chunks))
        assert store.size("ab/cd") == len(content)
        assert read(store, "ab/cd") == content
        assert not list(store.unfinished(datetime.now(UTC) + timedelta(days=1)))

    def test_it_is_invisible_until_it_is_finished(self, store: Store) -> None:
        state = upload(store, "ab/cd", data(6 * MiB), b"more")
        for look in (store.size, store.open):
            with pytest.raises(NotFound):
                look("ab/cd")
        store.finish(state)
        assert store.size("ab/cd") == 6 * MiB + 4

    def test_nothing_is_in_doubt_while_all_is_well(self, store: Store) -> None:
        state = store.start("ab/cd", "image/png")
        assert store.doubtful(state) is None
        state = add(store, state, b"first", data(6 * MiB))
        assert store.doubtful(state) is None
        store.finish(state)
        assert store.doubtful(state) is None

    def test_finishing_twice(self, store: Store) -> None:
        uploads = {"ab/small": [b"one"], "ab/few": [b"one", b"two"], "ab/large": [data(6 * MiB), b"two"]}
        for key, chunks in uploads.items():
            state = upload(store, key, *chunks)
            store.finish(state)
            store.finish(state)
            assert read(store, key) == b"".join(chunks)

    def test_what_publishing_leaves_is_tidied(self, store: Store, contents: Contents) -> None:
        state = upload(store, "ab/cd", data(6 * MiB), b"the end")
        store.publish(state)
        for _ in range(2):
            store.tidy(state)
            assert list(contents()) == ["ab/cd"]

    def test_a_state_is_not_changed_and_is_json(self, store: Store) -> None:
        state = store.start("ab/cd", "image/png")
        for number in range(4):
            before = json.dumps(state)
            following = store.write(json.loads(before), number * 3 * MiB, io.BytesIO(data(3 * MiB)), 3 * MiB)
            assert json.dumps(state) == before
            state = following
        store.finish(json.loads(json.dumps(state)))
        assert read(store, "ab/cd") == data(3 * MiB) * 4

    @pytest.mark.parametrize(("chunk", "count"), [(1, 250), (100 * KiB, 60)])
    def test_a_state_stays_small(self, store: Store, chunk: int, count: int) -> None:
        state, content = store.start("ab/cd", "image/png"), data(chunk * count)
        for offset in range(0, len(content), chunk):
            state = add(store, state, content[offset : offset + chunk], offset=offset)
            assert len(json.dumps(state)) <= STATE_LIMIT
        store.finish(state)
        assert read(store, "ab/cd") == content

    def test_a_chunk_that_breaks_off_changes_nothing(self, store: Store) -> None:
        state = upload(store, "ab/cd", b"first")
        with pytest.raises(StorageError):
            store.write(state, 5, io.BytesIO(b"too few"), 100)
        store.finish(add(store, state, b"second", offset=5))
        assert read(store, "ab/cd") == b"firstsecond"
        sweep(store)

    @pytest.mark.parametrize("official", [b"", b"first", data(6 * MiB)], ids=["nothing", "little", "a part"])
    def test_a_write_that_was_not_official_leaves_no_trace(self, store: Store, official: bytes) -> None:
        state = store.start("ab/cd", "image/png")
        if official:
            state = add(store, state, official)
        for lost in (b"shorter", data(2 * MiB, 1)):
            add(store, state, lost, offset=len(official))
        store.finish(add(store, state, b"the official one", offset=len(official)))
        assert read(store, "ab/cd") == official + b"the official one"
        sweep(store)

    def test_what_was_written_after_the_official_state_is_not_published(self, store: Store) -> None:
        for key, official in {"ab/small": b"official", "ab/large": data(11 * MiB)}.items():
            state = upload(store, key, official)
            add(store, state, data(6 * MiB, 1), offset=len(official), key=key)
            store.finish(state)
            assert read(store, key) == official
        sweep(store)

    def test_uploads_to_many_keys_at_once(self, store: Store) -> None:
        def run(number: int) -> bool:
            chunks = [data(1 * MiB, number), data(4 * MiB + 1, number), data(100, number)]
            store.finish(upload(store, f"ab/{number}", *chunks))
            return read(store, f"ab/{number}") == b"".join(chunks)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(run, range(6)))


class LeftoverTests(Fixtures):
    """No leftovers stay in the storage."""

    @pytest.mark.parametrize("size", [10, 12 * MiB])
    def test_aborting_twice(self, store: Store, contents: Contents, size: int) -> None:
        state = upload(store, "ab/cd", *[data(size // 2)] * 2)
        store.abort(state)
        store.abort(state)
        assert not list(contents())
        with pytest.raises(NotFound):
            store.size("ab/cd")

    @pytest.mark.parametrize("size", [10, 12 * MiB])
    def test_what_was_aborted_cannot_be_finished(self, store: Store, size: int) -> None:
        state = upload(store, "ab/cd", *[data(size // 2)] * 2)
        store.abort(state)
        with pytest.raises(NotFound):
            store.finish(state)

    def test_aborting_an_upload_without_a_chunk(self, store: Store) -> None:
        store.abort(store.start("ab/cd", "image/png"))
        assert not list(store.unfinished(datetime.now(UTC) + timedelta(days=1)))

    @pytest.mark.parametrize("size", [10, 12 * MiB])
    def test_aborting_what_is_finished_keeps_it(self, store: Store, size: int) -> None:
        state = upload(store, "ab/cd", *[data(size // 2)] * 2)
        store.finish(state)
        store.abort(state)
        assert read(store, "ab/cd") == data(size // 2) * 2

    @pytest.mark.parametrize("end", ["finish", "abort"])
    @pytest.mark.parametrize("size", [10, 6 * MiB])
    def test_a_writer_who_comes_too_late(self, store: Store, contents: Contents, end: str, size: int) -> None:
        early = upload(store, "ab/cd", data(size))
        state = add(store, early, b"the end", offset=size)
        getattr(store, end)(state)
        for stale in (early, state):
            try:
                add(store, stale, data(1 * MiB, 1), offset=size if stale is early else size + 7)
            except NotFound:
                continue
        sweep(store)
        if end == "finish":
            assert read(store, "ab/cd") == data(size) + b"the end"
        assert list(contents()) == (["ab/cd"] if end == "finish" else [])

    def test_the_unfinished_is_listed_and_discarded(self, store: Store, contents: Contents) -> None:
        started = datetime.now(UTC) - timedelta(seconds=2)  # clocks of files and servers are coarse
        upload(store, "ab/cd", b"chunk", b"another")
        save(store, "ab/other", b"published")
        assert not list(store.unfinished(started))
        found = list(store.unfinished(datetime.now(UTC) + timedelta(seconds=2)))
        assert {leftover.key for leftover in found} == {"ab/cd"}
        assert sum(leftover.size for leftover in found) in (0, 12)
        assert all(leftover.modified >= started for leftover in found)
        for leftover in found * 2:
            store.discard(leftover)
        assert list(contents()) == ["ab/other"]

    def test_a_large_unfinished_upload_is_discarded_whole(self, store: Store, contents: Contents) -> None:
        upload(store, "ab/cd", *[data(4 * MiB)] * 4)
        assert {leftover.key for leftover in sweep(store)} == {"ab/cd"}
        assert not list(contents())

    def test_a_neighbour_whose_key_begins_the_same_is_left_alone(self, store: Store) -> None:
        chunks = (data(5 * MiB), b"more")
        near = {key: upload(store, key, *chunks) for key in ("ab/cde", "ab/cd-")}
        store.abort(upload(store, "ab/cd", *chunks))
        store.finish(upload(store, "ab/c", *chunks))
        for key, state in near.items():
            store.finish(add(store, state, b"end", offset=5 * MiB + 4, key=key))
            assert read(store, key) == data(5 * MiB) + b"moreend"


class Conformance(ObjectTests, UploadTests, LeftoverTests, WriterTests, InterleavingTests, FaultTests):
    """All tests."""
