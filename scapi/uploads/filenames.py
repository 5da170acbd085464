"""File names as clients send them, made safe to show. They are never used as a path."""

import unicodedata

MAX_LENGTH = 255
"""Characters kept of a file name."""

_JOINERS = "\u200c\u200d"  # invisible, but scripts and emoji are spelled with them


def clean(name: str | None) -> str:
    """Return the last segment of `name` without control, direction or other invisible characters, at most MAX_LENGTH.

    The end of a long name, its extension, is kept. Without a name: an empty string.
    """
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if c in _JOINERS or not _is_hidden(c)).strip()
    if shown in (".", ".."):
        return ""
    if len(shown) <= MAX_LENGTH:
        return shown
    stem, dot, extension = shown.rpartition(".")
    if not stem or len(extension) > 10:
        return shown[:MAX_LENGTH]
    return stem[: MAX_LENGTH - len(extension) - 1] + dot + extension


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
