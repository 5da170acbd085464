"""What others say, made fit to keep: texts without control characters and of bounded length, numbers that are sane."""

import math
import unicodedata
from collections.abc import Iterable

MAX_TITLE = 300
MAX_DESCRIPTION = 2000
MAX_KEYWORDS = 1000
MAX_PIXELS_ACROSS = 50_000
"""Width or height above which a number is taken for a mistake."""

MAX_SECONDS = 7 * 24 * 3600
"""Duration above which a number is taken for a mistake (a live stream's placeholder, milliseconds)."""

_DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Overrides that would turn around what a page shows beside the text."""

_LINE_BREAKS = "\n\r\t\v\f\x85\u2028\u2029"


def clean(value: object, most: int) -> str | None:
    """Return a text on one line, cut at `most` characters; None for what is no text or says nothing."""
    if not isinstance(value, str):
        return None
    # Far more than is kept, so that a text of megabytes is not worked through to its end.
    spaced = "".join(" " if c in _LINE_BREAKS else c for c in value[: 20 * most])
    shown = "".join(
        c for c in spaced if c not in _DIRECTIONS and unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co")
    )
    text = " ".join(shown.split())
    return (text if len(text) <= most else text[: most - 1].rstrip() + "…") or None


def joined(values: Iterable[object], most: int) -> str | None:
    """Return the texts among `values`, each once, separated by commas, as many as fit into `most` characters."""
    kept: dict[str, None] = {}
    length = 0
    for text in (clean(value, most) for value in values):
        if text and text not in kept:
            length += len(text) + 2
            if length > most + 2:
                break
            kept[text] = None
    return ", ".join(kept) or None


def pixels(value: object) -> int | None:
    """Return a width or height, None for what cannot be one (such as a percentage)."""
    return _whole(value, MAX_PIXELS_ACROSS)


def seconds(value: object) -> int | None:
    """Return a duration in seconds, None for what cannot be one."""
    return _whole(value, MAX_SECONDS)


def _whole(value: object, most: int) -> int | None:
    """Return the whole number from 1 to `most` that `value` is or spells."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value[:20].strip().removesuffix("px") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return int(number) if math.isfinite(number) and 1 <= number <= most else None
