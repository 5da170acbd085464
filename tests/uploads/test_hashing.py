"""Hashing in another thread."""

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
