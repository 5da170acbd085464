"""Suffix ranges (RFC 9110, section 14.1.2)."""

import pytest
from werkzeug.http import parse_range_header

from scapi.http.byte_ranges import of_file


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=-1", (9, 10)),
        ("bytes=-9", (1, 10)),
        ("bytes=-10", (0, 10)),
        ("bytes=-11", (0, 10)),
        ("bytes=-65536", (0, 10)),
        (f"bytes=-{'9' * 5000}", (0, 10)),
        ("bytes=-0011", (0, 10)),
        ("bytes=-0", None),
        ("bytes=-000", None),
        ("bytes=3-4", (3, 5)),
        ("bytes=3-", (3, 10)),
        ("bytes=10-", None),
    ],
)
def test_ranges_of_a_file_of_ten_bytes(asked: str, part: tuple[int, int] | None) -> None:
    found = parse_range_header(of_file(asked, 10))
    assert found is not None
    assert found.range_for_length(10) == part


@pytest.mark.parametrize("asked", ["", "bytes=-", "bytes=-1,-2", "lines=-5", "bytes=a"])
def test_others_stay_as_they_are(asked: str) -> None:
    assert of_file(asked, 10) == asked


@pytest.mark.parametrize(("asked", "start"), [("1", 24), ("9", 16), ("10", 15), ("24", 1), ("25", 0), ("26", 0)])
def test_suffixes_of_a_file_of_25_bytes(asked: str, start: int) -> None:
    found = parse_range_header(of_file(f"bytes=-{asked}", 25))
    assert found is not None
    assert found.range_for_length(25) == (start, 25)
