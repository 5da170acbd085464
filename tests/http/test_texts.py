"""Texts without what nobody sees, and in encodings that were not told."""

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
