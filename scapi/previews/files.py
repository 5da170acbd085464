"""Links to files instead of pages: the card shows the file's name and type."""

import re
from contextlib import suppress
from urllib.parse import unquote

from scapi.previews.fetch import Fetched
from scapi.previews.texts import MAX_TITLE, clean

UNITS = ("bytes", "kB", "MB", "GB", "TB")

MAX_DISPOSITION = 2000
"""The most characters to read of a Content-Disposition header."""

# filename*=UTF-8''a%20b.pdf (RFC 6266, 4.3) has priority over filename="a b.pdf"
_EXTENDED = re.compile(
    r"filename\*\s{0,9}=\s{0,9}\"?([a-zA-Z0-9-]{1,20})'[a-zA-Z-]{0,20}'([^\s;\"]{1,1000})", re.IGNORECASE
)
_QUOTED = re.compile(r"filename\s{0,9}=\s{0,9}(?:\"((?:[^\"\\]|\\.){1,1000})\"|([^\s;\"]{1,1000}))", re.IGNORECASE)
_FORMS = {"plain": "txt", "octet-stream": "", "mpeg": "mp3"}
_TOTAL = re.compile(r"bytes\s+\d+-\d+/(\d{1,18})")


def name(answer: Fetched) -> str | None:
    """Return the file's name: the one that its server sends, or that in its URL."""
    given = _given(answer.headers.get("content-disposition", "")[:MAX_DISPOSITION])
    segments = [segment for segment in answer.target.path.partition("?")[0].split("/") if segment]
    return clean(_base(given) or unquote(segments[-1] if segments else answer.target.host), MAX_TITLE)


def kind(answer: Fetched) -> str | None:
    """Return type and size of a file as far as they are known: `PDF, 1.2 MB`."""
    called = name(answer) or ""
    ending = re.search(r"\.([a-zA-Z0-9]{1,5})$", called) if called != answer.target.host else None
    subtype = answer.mimetype.rpartition("/")[2].removeprefix("x-").partition("+")[0]
    form = ending[1] if ending else _FORMS.get(subtype, subtype)
    size = _size(answer)
    parts = [form.upper(), _readable(size) if size is not None else ""]
    return clean(", ".join(filter(None, parts)), MAX_TITLE)


def _given(disposition: str) -> str:
    extended = _EXTENDED.search(disposition)
    if extended:
        try:
            return unquote(extended[2], encoding=extended[1])
        except LookupError:  # the encoding is unknown
            return unquote(extended[2])
    quoted = _QUOTED.search(disposition)
    if quoted is None:
        return ""
    text = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted[1] else quoted[2]
    with suppress(ValueError):
        text = text.encode("latin-1").decode()  # most servers send non-ASCII characters like this
    return unquote(text)


def _base(path: str) -> str:
    """Return the last part of a name that may contain folders."""
    return re.split(r"[/\\]", path)[-1].strip()


def _size(answer: Fetched) -> int | None:
    """Return the size of a file: as its server says, or as received."""
    if answer.complete:
        return len(answer.body)
    total = _TOTAL.fullmatch(answer.headers.get("content-range", "")[:100].strip())
    if total:
        return int(total[1])
    length = answer.headers.get("content-length", "")
    encoded = answer.headers.get("content-encoding", "identity").lower() != "identity"
    return int(length) if length.isdecimal() and len(length) <= 18 and not encoded else None


def _readable(size: int) -> str:
    number, unit = float(size), 0
    while number >= 1000 and unit < len(UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.1f} {UNITS[unit]}" if unit and number < 100 else f"{number:.0f} {UNITS[unit]}"
