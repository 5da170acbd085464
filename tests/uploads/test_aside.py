"""Where bytes are buffered that cannot be stored yet."""

from threading import Semaphore

import pytest

from scapi.uploads import aside
from scapi.uploads.aside import SMALL, Aside

BLOCKS = [b"a" * SMALL, b"b" * SMALL, b"c"]


def filled() -> Aside:
    made = Aside()
    for block in BLOCKS:
        made.add(block)
    return made


def test_few_large_buffers_are_in_memory_and_others_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "_large", Semaphore(1))
    first, second = filled(), filled()
    assert first._file is None
    assert second._file is not None
    for one in (first, second):
        assert one.size == 2 * SMALL + 1
        assert b"".join(one.blocks()) == b"".join(BLOCKS)
    second._file.close()
    del first, one
    assert filled()._file is None  # the place of the first is free again


def test_small_buffers_are_always_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "_large", Semaphore(0))
    made = Aside()
    made.add(BLOCKS[0])
    assert made._file is None
    assert list(made.blocks()) == BLOCKS[:1]
