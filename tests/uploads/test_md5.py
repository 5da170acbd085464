"""The MD5 that is carried from chunk to chunk."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.uploads import md5


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
