"""Makes file names of clients safe to show. They are never used as a path."""

import re

from scapi.http.texts import without_hidden

MAX_LENGTH = 255
"""The most characters of a stored file name."""

_EXTENSION = re.compile(
    r"\.(ai|apng|arw|avif|bmp|cr[23]|csv|dng|docx?|eps|gif|hei[cf]s?|ico|jfif|jpe?g?|jxl|key|mov|mp4|nef|numbers|od[pst]"
    r"|orf|pages|pdf|png|pp[st]x?|ps|psd|raf|raw|rtf|rw2|svg|tiff?|txt|webp|xlsx?)",
    re.ASCII | re.IGNORECASE,
)
"""File name extensions of pictures and documents. After any other dot the name continues: `Dr. Who`, `Report v1.2`."""


def clean(name: str | None) -> str:
    """Return the last segment of `name` without control, direction or other invisible characters, at most MAX_LENGTH.

    The end of a long name, its extension, is kept. Without a name: an empty string.
    """
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    shown = without_hidden(last)
    if shown in (".", ".."):
        return ""
    if len(shown) <= MAX_LENGTH:
        return shown
    stem, dot, extension = shown.rpartition(".")
    if not stem or len(extension) > 10:
        return shown[:MAX_LENGTH]
    return stem[: MAX_LENGTH - len(extension) - 1] + dot + extension


def stem(name: str) -> str:
    """Return a cleaned name without its extension; an empty string if the name is only an extension."""
    before, dot, extension = name.rpartition(".")
    return before.rstrip() if _EXTENSION.fullmatch(dot + extension) else name
