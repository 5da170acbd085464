"""Hashing in another thread."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scapi.uploads import hashing, md5
from tests import client

SIZES = [11, hashing.WORTHWHILE - 1, hashing.WORTHWHILE, 3 * hashing.WORTHWHILE + 1]


def test_a_state_is_that_of_the_bytes_in_their_order() -> None:
    begun = hashing.Hashing(md5.start())
    for block in (b"one", b"two", b"three"):
        begun.update(block)
    assert md5.hexdigest(begun.state()) == client.md5(b"onetwothree")
    assert begun.state() == begun.state()
    begun.update(b"four")
    assert md5.hexdigest(begun.state()) == client.md5(b"onetwothreefour")


@pytest.mark.parametrize("size", SIZES)
def test_many_at_once(size: int) -> None:
    blocks = [b"one", b"two", *([bytes(size - 6)] * 4)]
    many = [hashing.Hashing(md5.start()) for _ in range(20)]
    for block in blocks:
        for one in many:
            one.update(block)
    assert {md5.hexdigest(one.state()) for one in many} == {client.md5(b"".join(blocks))}


def test_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(hashing, "_threads", ThreadPoolExecutor(1))
    monkeypatch.setattr(hashing._threads, "submit", fail)
    begun = hashing.Hashing(md5.start())
    data = bytes(3 * hashing.WORTHWHILE)
    begun.update(data)
    assert md5.hexdigest(begun.state()) == client.md5(data)


def test_blocks_are_hashed_once_where_the_second_thread_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool keeps what it could not start a thread for, and its other thread comes to it later."""
    threads, busy = ThreadPoolExecutor(2), threading.Event()
    first = threads.submit(busy.wait, 30)
    monkeypatch.setattr(hashing, "_threads", threads)
    begun, data = hashing.Hashing(md5.start()), bytes(3 * hashing.WORTHWHILE)

    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        begun.update(data)
    busy.set()
    assert first.result(30)
    threads.shutdown()  # when all that waited is done
    assert md5.hexdigest(begun.state()) == client.md5(data)
