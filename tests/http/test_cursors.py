"""Cursors and the pages beside a page, without a database."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scapi.http.cursors import Cursor, beside
from scapi.refusals import Refused

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
KINDS = (datetime, str, int, bool)
MOST = 2**63 - 1


def encoded(*values: Any) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd", "ü?>~"])
def test_it_is_read_as_it_was_written(name: str, backwards: bool) -> None:
    cursor = Cursor((MOMENT, name, 7, True), backwards)
    text = cursor.write("-created_at")
    assert not {"=", "+", "/"} & set(text)
    assert Cursor.read(text, "-created_at", KINDS) == cursor
    assert Cursor.read(encoded("", False, 1), "", [int]) == Cursor((1,))


def test_a_moment_is_read_in_utc() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=-5)))
    read = Cursor.read(Cursor((there,)).write("x"), "x", [datetime])
    assert read.place == (MOMENT,)
    assert read.place[0].tzinfo is UTC


@pytest.mark.parametrize("number", [0, 1, -1, MOST, -MOST])
def test_numbers(number: int) -> None:
    assert Cursor.read(encoded("x", False, number), "x", [int]).place == (number,)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (("y", False, 1), [int]),
        (("", False, 1), [int]),
        (("x", 0, 1), [int]),
        (("x", None, 1), [int]),
        (("x", False), [int]),
        (("x", False, 1, 1), [int]),
        (("x", False, MOST + 1), [int]),
        (("x", False, -MOST - 1), [int]),
        (("x", False, True), [int]),
        (("x", False, 1.0), [int]),
        (("x", False, "1"), [int]),
        (("x", False, 1), [bool]),
        (("x", False, 1), [str]),
        (("x", False, "\0"), [str]),
        (("x", False, "\ud800"), [str]),
        (("x", False, "yesterday"), [datetime]),
        (("x", False, 7), [datetime]),
        (("x", False, "0001-01-01T00:00:00+23:00"), [datetime]),
        ((), []),
    ],
)
def test_what_is_refused(values: tuple[Any, ...], kinds: list[type]) -> None:
    with pytest.raises(Refused, match="expected a cursor") as refusal:
        Cursor.read(encoded(*values), "x", kinds)
    assert (refusal.value.code, refusal.value.field) == ("invalid_cursor", "cursor")


@pytest.mark.parametrize("text", ["x", "ü", "%%%", "AAAA", urlsafe_b64encode(b"[" * 100_000).decode()])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(Refused):
        Cursor.read(text, "x", [])


@pytest.mark.parametrize(
    ("offset", "more", "expected"),
    [
        (0, False, (None, None)),
        (0, True, (10, None)),
        (1, False, (None, 0)),
        (9, True, (19, 0)),
        (10, True, (20, 0)),
        (11, True, (21, 1)),
        (25, False, (None, 15)),
    ],
)
def test_beside_a_page(offset: int, more: bool, expected: tuple[int | None, int | None]) -> None:
    assert beside(offset, 10, 10, more=more, backwards=False) == expected


@pytest.mark.parametrize(
    ("offset", "count", "more", "expected"),
    [
        (0, 10, True, (10, 0)),
        (0, 3, False, (3, None)),
        (7, 3, False, (3, None)),
        (7, 0, False, (0, None)),
        (9, 10, True, (19, 0)),
        (11, 10, True, (21, 1)),
    ],
)
def test_beside_a_page_that_was_gone_back_to(
    offset: int, count: int, more: bool, expected: tuple[int | None, int | None]
) -> None:
    assert beside(offset, 10, count, more=more, backwards=True) == expected
