"""What may happen next to an upload."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.formats.filetypes import UNKNOWN
from scapi.refusals import Refused
from scapi.uploads import rules
from scapi.uploads.ranges import Span

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MiB = 1024 * 1024


@dataclass(frozen=True)
class Row:
    user_id: int | None = None
    total: int | None = 100
    offset: int = 40
    last_start: int = 20
    status: str = "uploading"
    expires_at: datetime = NOW + timedelta(hours=1)


def _code(call: object, *arguments: object) -> str:
    with pytest.raises(Refused) as refused:
        call(*arguments)  # type: ignore[operator]
    return refused.value.code


@pytest.mark.parametrize(
    ("owner", "asker", "code"),
    [(None, None, None), (None, 7, None), (7, 7, None), (7, 8, "upload_not_found"), (7, None, "upload_not_found")],
)
def test_an_upload_begun_with_a_token_belongs_to_that_user(
    owner: int | None, asker: int | None, code: str | None
) -> None:
    if code:
        assert _code(rules.check_access, Row(user_id=owner), asker) == code
    else:
        rules.check_access(Row(user_id=owner), asker)


def test_an_aborted_upload_is_not_there() -> None:
    assert _code(rules.check_access, Row(status="aborted"), None) == "upload_not_found"


def test_expiry() -> None:
    rules.check_alive(Row(), NOW)
    assert _code(rules.check_alive, Row(), NOW + timedelta(hours=1)) == "upload_expired"
    assert _code(rules.check_alive, Row(status="expired"), NOW) == "upload_expired"
    rules.check_alive(Row(status="completed"), NOW + timedelta(days=9))


def test_the_next_chunk_and_the_last_one_again() -> None:
    assert rules.is_repeat(Row(), Span(40, 60, 100)) is False
    assert rules.is_repeat(Row(), Span(20, 40, 100)) is True


@pytest.mark.parametrize(
    ("row", "span", "code"),
    [
        (Row(), Span(0, 20, 100), "offset_mismatch"),
        (Row(), Span(20, 39, 100), "offset_mismatch"),
        (Row(), Span(30, 50, 100), "offset_mismatch"),
        (Row(), Span(41, 60, 100), "offset_mismatch"),
        (Row(), Span(40, 60, 101), "total_mismatch"),
        (Row(), Span(90, 110, None), "total_mismatch"),
        (Row(total=None), Span(10, 20, 30), "total_mismatch"),
        (Row(status="completed"), Span(20, 40, 100), "upload_completed"),
    ],
)
def test_everything_else_is_refused(row: Row, span: Span, code: str) -> None:
    assert _code(rules.is_repeat, row, span) == code


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 100))
def test_only_the_next_byte_is_next(start: int, size: int, offset: int) -> None:
    row, span = Row(total=None, offset=offset, last_start=offset), Span(start, start + size, None)
    if start == offset:
        assert rules.is_repeat(row, span) is False
    else:
        assert _code(rules.is_repeat, row, span) == "offset_mismatch"


def test_complete_needs_all_bytes() -> None:
    with pytest.raises(Refused) as refused:
        rules.check_complete(Row())
    assert refused.value.details == {"offset": "40"}
    rules.check_complete(Row(offset=100))
    rules.check_complete(Row(total=None))


@pytest.mark.parametrize(
    ("head", "mimetype"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
        (b"GIF89a" + bytes(20), "image/gif"),
        (b"GIF87a" + bytes(20), "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n" + bytes(20), "application/pdf"),
        (b"GI", UNKNOWN),
        (b"<svg xmlns", UNKNOWN),
    ],
)
def test_types_by_their_first_bytes(head: bytes, mimetype: str) -> None:
    assert rules.check_type(head) == mimetype


@pytest.mark.parametrize(
    "head",
    [b"<svg xmlns='http://", b"<!DOCTYPE html>", b"RIFF\x00\x00\x00\x00AVI LIST", b"PK\x03\x04" + bytes(20), bytes(12)],
)
def test_other_types_do_not_get_in(head: bytes) -> None:
    assert _code(rules.check_type, head) == "unsupported_file_type"


@pytest.mark.parametrize(
    ("size", "mimetype", "fits"),
    [
        (5 * MiB, "image/png", True),
        (5 * MiB + 1, "image/png", False),
        (50 * MiB, "application/pdf", True),
        (50 * MiB + 1, "application/pdf", False),
        (50 * MiB, UNKNOWN, True),
        (50 * MiB + 1, UNKNOWN, False),
    ],
)
def test_sizes(size: int, mimetype: str, fits: bool) -> None:
    if fits:
        rules.check_size(size, mimetype, 5 * MiB, 50 * MiB)
    else:
        assert _code(rules.check_size, size, mimetype, 5 * MiB, 50 * MiB) == "file_too_large"
