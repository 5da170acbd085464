"""Texts of clients: removes invisible characters, and guesses the encoding if it is not stated."""

import unicodedata

JOINERS = "\u200c\u200d"
"""Characters of zero width that scripts and emoji need."""

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories: control, format (including direction marks), surrogate, private, unassigned, separators."""

_BLANK = {
    *(chr(code) for code in (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),  # fillers
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0xFE00, 0xFE10)),  # variation selectors
    *map(chr, range(0xE0100, 0xE01F0)),
}
"""Characters of other categories that are invisible alone."""


def without_hidden(text: str) -> str:
    """Return `text` in NFC, without control, direction and other invisible characters, except JOINERS."""
    normal = unicodedata.normalize("NFC", text)
    return "".join(c for c in normal if c in JOINERS or unicodedata.category(c) not in _HIDDEN).strip()


def is_blank(text: str) -> bool:
    """Return whether `text`, without hidden characters, looks empty."""
    return all(c in JOINERS or c in _BLANK or c.isspace() for c in text)


def decode(data: bytes) -> str:
    """Decode a text of unknown encoding: as UTF-8, or else as Shift_JIS or Windows-1252.

    Shift_JIS is used if the result looks Japanese: it has kana or common kanji, and no more rare kanji than these.
    Texts in Latin letters fail this: their accented letters would become rare kanji or narrow katakana.
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
