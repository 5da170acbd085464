"""Texts of clients: invisible characters are removed, and the encoding is guessed where it is not stated."""

import unicodedata

JOINERS = "\u200c\u200d"
"""Zero width, but scripts and emoji are spelled with them."""

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of Unicode: control, format (direction marks among them), surrogate, private, unassigned, separators."""

_BLANK = {
    *(chr(code) for code in (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),  # fillers
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0xFE00, 0xFE10)),  # variation selectors
    *map(chr, range(0xE0100, 0xE01F0)),
}
"""Characters of other categories that show nothing by themselves."""


def without_hidden(text: str) -> str:
    """Return `text` in NFC, without control, direction and other invisible characters, but for JOINERS."""
    normal = unicodedata.normalize("NFC", text)
    return "".join(c for c in normal if c in JOINERS or unicodedata.category(c) not in _HIDDEN).strip()


def is_blank(text: str) -> bool:
    """Return whether a reader sees nothing of `text`, which has no hidden characters any more."""
    return all(c in JOINERS or c in _BLANK or c.isspace() for c in text)


def decode(data: bytes) -> str:
    """Return the text that a client sent without saying its encoding: UTF-8, else Shift_JIS or Windows-1252.

    Shift_JIS is taken where it reads as Japanese: some kana or common kanji, and no more rare kanji than these. Texts
    in Latin letters do not: their accented letters would be rare kanji or narrow katakana.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp932" if _is_shift_jis(data) else "cp1252", errors="replace")


def _is_shift_jis(data: bytes) -> bool:
    try:
        characters = [one.encode("cp932") for one in data.decode("cp932") if not one.isascii()]
    except UnicodeDecodeError:
        return False
    common = sum(0x81 <= one[0] <= 0x97 for one in characters)  # rows 1 to 47 of JIS X 0208
    narrow = sum(len(one) == 1 for one in characters)
    return narrow == 0 and common * 2 >= len(characters)
