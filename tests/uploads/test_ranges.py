"""The position of a chunk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.refusals import Refused
from scapi.uploads.ranges import MAX_OFFSET, Position


def chunk(size: int, content_range: str | None, offset: str | None) -> Position:
    """Return the position of a chunk of `size` bytes."""
    return (Position.parse(content_range, offset) or Position(0, None, size)).of_size(size)


def test_content_range_has_an_inclusive_end() -> None:
    assert chunk(204_800, "bytes 0-204799/1048576", None) == Position(0, 204_800, 1_048_576)
    assert chunk(1, "bytes 5-5/6", None) == Position(5, 6, 6)


def test_total_may_be_unknown() -> None:
    assert chunk(10, "bytes 10-19/*", None) == Position(10, 20, None)


def test_content_range_comes_before_the_form_field() -> None:
    assert chunk(10, "bytes 10-19/20", "0") == Position(10, 20, 20)


def test_offset_alone_leaves_the_total_open() -> None:
    assert chunk(10, None, "30") == Position(30, 40, None)


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_position_it_is_the_whole_file(nothing: str | None) -> None:
    assert chunk(10, nothing, nothing) == Position(0, 10, 10)


@pytest.mark.parametrize(
    ("size", "content_range", "offset", "code"),
    [
        (0, "bytes 0-0/1", None, "empty_chunk"),
        (0, None, None, "empty_chunk"),
        (10, "bytes 9-0/10", None, "invalid_content_range"),
        (10, "bytes 0-9/9", None, "invalid_content_range"),
        (10, "bytes 0-9/5", None, "invalid_content_range"),
        (10, "bytes 0-9", None, "invalid_content_range"),
        (10, "bytes */10", None, "invalid_content_range"),
        (10, "bytes -1-9/10", None, "invalid_content_range"),
        (10, "bytes 0-9/10, 10-19/20", None, "invalid_content_range"),
        (10, "items 0-9/10", None, "invalid_content_range"),
        (10, "bytes ٠-٩/١٠", None, "invalid_content_range"),
        (10, f"bytes 0-9/{'9' * 30}", None, "invalid_content_range"),
        (10, f"bytes 0-9/{MAX_OFFSET + 1}", None, "file_too_large"),
        (10, "bytes 0-8/10", None, "length_mismatch"),
        (10, "bytes 0-10/11", None, "length_mismatch"),
        (10, None, "-1", "invalid_offset"),
        (10, None, "1.5", "invalid_offset"),
        (10, None, "1e3", "invalid_offset"),
        (10, None, "NaN", "invalid_offset"),
        (10, None, "9" * 19, "file_too_large"),
        (10, None, "9" * 20, "invalid_offset"),
    ],
)
def test_nonsense_is_refused(size: int, content_range: str | None, offset: str | None, code: str) -> None:
    with pytest.raises(Refused) as refused:
        chunk(size, content_range, offset)
    assert refused.value.code == code


LARGEST = 9_223_372_036_854_775_807
"""The largest signed 64-bit integer, the limit of the database."""


@pytest.mark.parametrize("field", ["start", "end", "total"])
def test_the_largest_offset(field: str) -> None:
    for number in (LARGEST - 1, LARGEST):
        Position(**{"start": 0, field: number})
    with pytest.raises(Refused) as refused:
        Position(**{"start": 0, field: LARGEST + 1})
    assert refused.value.code == "file_too_large"


@pytest.mark.parametrize("length", [39, 40, 41])
def test_a_message_quotes_the_beginning_of_what_was_sent(length: int) -> None:
    with pytest.raises(Refused) as refused:
        Position.parse(None, "x" * length)
    assert f"not '{'x' * min(length, 40)}'" in str(refused.value.message)
    with pytest.raises(Refused) as refused:
        Position.parse("x" * (40 + length), None)
    assert f"not '{'x' * min(40 + length, 80)}'" in str(refused.value.message)


@given(st.integers(0, 10**12), st.integers(1, 10**9), st.integers(0, 10**12))
def test_what_a_client_writes_is_what_is_read(start: int, size: int, rest: int) -> None:
    total = start + size + rest
    assert chunk(size, f"bytes {start}-{start + size - 1}/{total}", None) == Position(start, start + size, total)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        position = chunk(10, text, text)
    except Refused:
        return
    assert 0 <= position.start < (position.end or 0) <= MAX_OFFSET


def test_a_message_names_the_bytes_that_were_announced() -> None:
    with pytest.raises(Refused) as refused:
        chunk(9, "bytes 10-19/30", None)
    assert refused.value.message == "Content-Range says 10 bytes; the chunk has 9"
