"""The rules for the next request of an upload, and its position in the file."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.formats import filetypes
from scapi.formats.filetypes import UNKNOWN
from scapi.refusals import Refused
from scapi.uploads import rules
from scapi.uploads.rules import MAX_OFFSET, Position

NOW = datetime(2026, 1, 1, tzinfo=UTC)

LARGEST = 9_223_372_036_854_775_807
"""The largest signed 64-bit integer, the limit of the database."""


@dataclass(frozen=True)
class Row:
    user_id: int | None = None
    total: int | None = 100
    offset: int = 40
    last_start: int = 20
    status: str = "uploading"
    refusal_code: str | None = None
    refusal_message: str | None = None
    expires_at: datetime = NOW + timedelta(hours=1)


def _code(call: object, *arguments: object) -> str:
    with pytest.raises(Refused) as refused:
        call(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_an_id_and_its_key() -> None:
    assert rules.is_id(rules.new_id())
    assert rules.key_of("0123456789abcdef" * 2) == "01/0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("text", ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n", "\u0660" * 32])
def test_what_is_no_id(text: str) -> None:
    assert not rules.is_id(text)
    assert _code(rules.key_of, text) == "upload_not_found"


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
    assert rules.overlap(Row(), Position(40, 60, 100), resend=True) == 0
    assert rules.overlap(Row(), Position(40), resend=False) == 0
    assert rules.overlap(Row(), Position(20, 40, 100), resend=True) == 20
    assert rules.overlap(Row(), Position(20, 70, 100), resend=True) == 20
    assert rules.overlap(Row(), Position(20), resend=True) == 20


@pytest.mark.parametrize(
    ("row", "position", "resend", "code"),
    [
        (Row(), Position(0, 20, 100), True, "offset_mismatch"),
        (Row(), Position(20, 39, 100), True, "offset_mismatch"),
        (Row(), Position(30, 50, 100), True, "offset_mismatch"),
        (Row(), Position(41, 60, 100), True, "offset_mismatch"),
        (Row(), Position(41), True, "offset_mismatch"),
        (Row(), Position(20, 40, 100), False, "offset_mismatch"),
        (Row(), Position(40, 60, 101), True, "total_mismatch"),
        (Row(), Position(90, 110), True, "total_mismatch"),
        (Row(), Position(101), True, "total_mismatch"),
        (Row(total=None), Position(10, 20, 30), True, "total_mismatch"),
        (Row(status="completed"), Position(20, 40, 100), True, "upload_completed"),
    ],
)
def test_everything_else_is_refused(row: Row, position: Position, resend: bool, code: str) -> None:
    assert _code(partial(rules.overlap, resend=resend), row, position) == code


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 100))
def test_only_the_next_byte_is_next(start: int, size: int, offset: int) -> None:
    row, position = Row(total=None, offset=offset, last_start=offset), Position(start, start + size)
    if start == offset:
        assert rules.overlap(row, position, resend=True) == 0
    else:
        assert _code(partial(rules.overlap, resend=True), row, position) == "offset_mismatch"


@pytest.mark.parametrize(
    ("end", "total", "fits"), [(99, 100, True), (100, 100, True), (101, 100, False), (9, None, True)]
)
def test_no_byte_lies_behind_the_total(end: int, total: int | None, fits: bool) -> None:
    if fits:
        rules.check_total(end, total)
    else:
        assert _code(rules.check_total, end, total) == "total_mismatch"


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
        (b"printed by somebody\n".ljust(1024) + b"%PDF-1.7\n", "application/pdf"),
        (b"GI", UNKNOWN),
        (b"<svg xmlns", UNKNOWN),
    ],
)
def test_types_by_their_first_bytes(head: bytes, mimetype: str) -> None:
    assert rules.check_type(head) == mimetype


@pytest.mark.parametrize(
    "head",
    [
        b"<svg xmlns='http://",
        b"<!DOCTYPE html>",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        b"PK\x03\x04" + bytes(20),
        bytes(12),
        bytes(1025) + b"%PDF-1.7",
    ],
)
def test_other_types_do_not_get_in(head: bytes) -> None:
    assert _code(rules.check_type, head) == "unsupported_file_type"


def test_an_upload_that_is_not_there() -> None:
    assert _code(rules.accessible, None, 7) == "upload_not_found"
    row = Row(user_id=7)
    assert rules.accessible(row, 7) is row


def test_a_refusal_is_answered_again() -> None:
    with pytest.raises(Refused) as refused:
        rules.check_alive(Row(status="refused", refusal_code="invalid_image", refusal_message="it is none"), NOW)
    assert (refused.value.code, refused.value.message) == ("invalid_image", "it is none")
    with pytest.raises(Refused) as refused:
        rules.check_alive(Row(status="refused"), NOW)
    assert (refused.value.code, refused.value.message) == ("refused_by_check", "this file was refused by a check")


@pytest.mark.parametrize(("mimetype", "most"), [("image/png", 10), ("application/pdf", 20), (UNKNOWN, 20)])
def test_the_limit_of_a_size(mimetype: str, most: int) -> None:
    for size in (0, most - 1, most):
        rules.check_size(size, mimetype, 10, 20)
    assert _code(rules.check_size, most + 1, mimetype, 10, 20) == "file_too_large"
    if mimetype == "application/pdf":
        assert _code(rules.check_size, 21, mimetype, 30, 20) == "file_too_large"


def test_types_that_are_known_but_not_accepted() -> None:
    assert rules.check_type(b"%PDF-1.7\n".ljust(600)) == "application/pdf"
    assert _code(rules.check_type, b"BM".ljust(600, b"\0")) == "unsupported_file_type"
    assert _code(rules.check_type, b"nothing known ".ljust(5000)) == "unsupported_file_type"


def test_a_type_that_is_not_accepted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [one for one in filetypes.taken() if one.mimetype != "application/pdf"]
    monkeypatch.setattr(filetypes, "taken", lambda: images)
    assert _code(rules.check_type, b"%PDF-1.7\n".ljust(600)) == "unsupported_file_type"


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
