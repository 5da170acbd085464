"""The MD5 that is carried from chunk to chunk."""

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.uploads import md5
from tests import client

MiB = 1024 * 1024
SIZES = [11, MiB - 1, MiB, 3 * MiB + 1]


def _extend(state: bytes, *blocks: bytes) -> bytes:
    going_on = md5.after(state)
    for block in blocks:
        going_on.update(block)
    return going_on.state()


def _carried(chunks: list[bytes]) -> bytes:
    state = md5.start()
    for chunk in chunks:
        state = _extend(state, chunk)
    return state


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_it_equals_hashlib_wherever_the_bytes_are_cut(chunks: list[bytes]) -> None:
    state = _carried(chunks)
    assert len(state) == md5.CONTEXT_SIZE == 92  # the size of the column
    assert md5.hexdigest(state) == hashlib.md5(b"".join(chunks)).hexdigest()


def test_a_state_can_be_kept_and_gone_on_from_twice() -> None:
    state = _extend(md5.start(), b"one")
    assert _extend(state, b"two") == _extend(bytes(state), b"two")
    assert md5.hexdigest(state) == hashlib.md5(b"one").hexdigest()


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_the_blocks_of_a_chunk_are_the_chunk(blocks: list[bytes]) -> None:
    assert _extend(md5.start(), *blocks) == _extend(md5.start(), b"".join(blocks))


def test_more_than_four_gibibits_are_counted() -> None:
    block = bytes(64 * 1024 * 1024)
    state, expected = md5.start(), hashlib.md5()
    for _ in range(9):  # 576 MiB are 4.5 Gibit: the low word of the length overflows
        state = _extend(state, block)
        expected.update(block)
    assert md5.hexdigest(state) == expected.hexdigest()


class TestWithoutLibcrypto:
    """A host without libcrypto still recognises repeated chunks, also of uploads that began on another host."""

    @pytest.fixture(autouse=True)
    def _no_libcrypto(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.carried = _extend(md5.start(), b"begun with libcrypto")
        monkeypatch.setattr(md5, "_libcrypto", None)

    @pytest.mark.parametrize("carried", [False, True])
    def test_the_same_bytes_lead_to_the_same_state(self, carried: bool) -> None:
        state = self.carried if carried else md5.start()
        once = _extend(state, b"chunk")
        assert once == _extend(state, b"chunk") == _extend(state, b"chu", b"nk")
        assert once != _extend(state, b"other")
        assert md5.hexdigest(once) is None

    def test_a_chained_state_stays_chained_where_libcrypto_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        chained = _extend(md5.start(), b"chunk")
        monkeypatch.undo()
        assert md5.hexdigest(_extend(chained, b"next")) is None


def test_the_state_is_that_of_the_bytes_in_their_order() -> None:
    begun = md5.Hashing(md5.start())
    for block in (b"one", b"two", b"three"):
        begun.update(block)
    assert md5.hexdigest(begun.state()) == client.md5(b"onetwothree")
    assert begun.state() == begun.state()
    begun.update(b"four")
    assert md5.hexdigest(begun.state()) == client.md5(b"onetwothreefour")


@pytest.mark.parametrize("size", SIZES)
def test_many_at_once_in_other_threads(size: int) -> None:
    blocks = [b"one", b"two", *([bytes(size - 6)] * 4)]
    many = [md5.Hashing(md5.start()) for _ in range(20)]
    for block in blocks:
        for one in many:
            one.update(block)
    assert {md5.hexdigest(one.state()) for one in many} == {client.md5(b"".join(blocks))}


class Threads:
    """Hashes at once what it is given, and notes how many bytes that was; then it is `busy` if it should be."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.busy = False

    def submit(self, hash_all: Callable[[deque[bytes]], None], blocks: deque[bytes]) -> Future[None]:
        self.sizes.append(sum(map(len, blocks)))
        hash_all(blocks)
        self.job = Future[None]()
        if not self.busy:
            self.job.set_result(None)
        return self.job


def test_another_thread_gets_a_mebibyte_and_more_if_it_is_not_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = Threads()
    monkeypatch.setattr(md5, "_threads", threads)
    begun = md5.Hashing(md5.start())
    begun.update(bytes(MiB - 1))
    assert threads.sizes == []
    begun.update(b"x")
    assert threads.sizes == [MiB]
    begun.update(bytes(MiB - 1))
    assert threads.sizes == [MiB]
    threads.busy = True
    begun.update(b"x")
    begun.update(bytes(MiB))
    assert threads.sizes == [MiB, MiB]
    threads.job.set_result(None)
    threads.busy = False
    begun.update(b"x")
    assert threads.sizes == [MiB, MiB, MiB + 1]
    assert md5.hexdigest(begun.state()) == client.md5((bytes(MiB - 1) + b"x") * 2 + bytes(MiB) + b"x")


def test_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(md5, "_threads", ThreadPoolExecutor(1))
    monkeypatch.setattr(md5._threads, "submit", fail)
    begun = md5.Hashing(md5.start())
    data = bytes(3 * MiB)
    begun.update(data)
    assert md5.hexdigest(begun.state()) == client.md5(data)


def test_blocks_are_hashed_once_where_the_second_thread_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool keeps what it could not start a thread for, and its other thread comes to it later."""
    threads, busy = ThreadPoolExecutor(2), threading.Event()
    first = threads.submit(busy.wait, 30)
    monkeypatch.setattr(md5, "_threads", threads)
    begun, data = md5.Hashing(md5.start()), bytes(3 * MiB)

    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        begun.update(data)
    busy.set()
    assert first.result(30)
    threads.shutdown()  # when all that waited is done
    assert md5.hexdigest(begun.state()) == client.md5(data)
