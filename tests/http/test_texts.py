"""Texts without invisible characters, and in undeclared encodings."""

import pytest

from scapi.http.texts import decode, is_blank, without_hidden


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Fünf Ähren.jpg", "utf-8"),
        ("Fünf Ähren.jpg", "latin-1"),
        ("résumé à Ñandú øæå.pdf", "latin-1"),
        ("“Hello” – Ÿ.jpg", "cp1252"),
        ("写真.jpg", "cp932"),
        ("スクリーンショット.png", "cp932"),
        ("会議資料 2026.pdf", "cp932"),
    ],
)
def test_texts_are_decoded_as_they_were_meant(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_any_bytes_can_be_decoded() -> None:
    for first in range(256):
        assert decode(bytes([first, 0x81, 0xFF]))


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\u200bb", "ab"), ("\u202egpj\u2066", "gpj"), ("  \ufeffa\u00ad ", "a"), ("👩\u200d👧", "👩\u200d👧")],
)
def test_what_nobody_sees_goes(text: str, kept: str) -> None:
    assert without_hidden(text) == kept


@pytest.mark.parametrize(
    "text", ["", " \u3000", "\u200d\u200c", "\u3164", "\u2800", "\ufe0f", "\u115f\u1160", "\u034f"]
)
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(text + "a")


BLANK = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
}


def test_fillers_and_selectors_are_blank_and_their_neighbours_are_not() -> None:
    for code in BLANK:
        assert is_blank(chr(code)), hex(code)
        for neighbour in {code - 1, code + 1} - BLANK:
            assert not is_blank(chr(neighbour)), hex(neighbour)


COMMON_FIRST, COMMON_LAST = b"\x81\x41", b"\x97\xfc"
RARE = b"\x98\x9f"
NARROW = b"\xb1"


@pytest.mark.parametrize(
    ("data", "is_japanese"),
    [
        (COMMON_FIRST, True),
        (COMMON_LAST, True),
        (RARE, False),
        (COMMON_LAST + RARE, True),
        (COMMON_LAST + RARE * 2, False),
        (COMMON_LAST * 2 + RARE * 3, False),
        (COMMON_LAST * 3 + RARE * 3, True),
        (COMMON_LAST + NARROW, False),
        (COMMON_LAST * 9 + NARROW, False),
        (b"a name " + COMMON_LAST, True),
        (NARROW, False),
    ],
)
def test_shift_jis_has_common_characters(data: bytes, is_japanese: bool) -> None:
    assert decode(data) == data.decode("cp932" if is_japanese else "cp1252", errors="replace")
