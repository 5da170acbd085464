"""Makes values of other sites safe to store: texts of limited length as a browser shows them, plausible numbers."""

import html as entities
import math
import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

from scapi.previews import html

MAX_TITLE = 300
MAX_DESCRIPTION = 2000
MAX_KEYWORDS = 1000
MAX_KEYWORDS_READ = 500
"""The most keywords to look at: far more than fit."""

MAX_PIXELS_ACROSS = 50_000
"""A larger width or height is treated as a mistake."""

MAX_SECONDS = 7 * 24 * 3600
"""A longer duration is treated as a mistake (a live stream's placeholder, milliseconds)."""

# Control characters, surrogates, private use, noncharacters, and direction overrides, which would change the text
# beside them. Characters that Python's tables do not know stay: they may be new emoji.
_UNFIT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\u202a-\u202e\u2066-\u2069"
    "\ud800-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
# A closing tag, a line break, a paragraph, or a tag with attributes: the text is HTML. A lone `<b>` does not show that.
_MARKUP = re.compile(
    r"</[a-z][a-z0-9]{0,15}\s?>|<(?:br|p|hr|wbr)\s?/?>|<[a-z][a-z0-9]{0,15}\s[a-z-]{1,30}=", re.IGNORECASE
)
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_INVISIBLE = ("Cf", "Mn", "Zs")


def clean(value: object, most: int) -> str | None:
    """Return a text on one line, cut at `most` characters; None if it is not a text or is empty.

    Many sources send HTML where plain text is required: tags and entities in a text are decoded once.
    """
    if not isinstance(value, str):
        return None
    text = value[: 20 * most]  # far more than is kept, but a text of megabytes is not processed to its end
    text = _ENTITY.sub(lambda found: entities.unescape(found[0]), _CDATA.sub("", text))
    if _MARKUP.search(text):
        text = html.words(text)
    text = " ".join(_UNFIT.sub("", text).split())
    if all(unicodedata.category(character) in _INVISIBLE for character in text[:most]):
        return None
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def joined(values: Iterable[object], most: int) -> str | None:
    """Join the texts among the first values with commas, each once, as many as fit into `most` characters."""
    kept: dict[str, None] = {}
    length = 0
    for text in (clean(value, most) for value in islice(values, MAX_KEYWORDS_READ)):
        if text and text not in kept:
            length += len(text) + 2
            if length > most + 2:
                break
            kept[text] = None
    return ", ".join(kept) or None


def unescaped(url: str) -> str:
    """Undo one extra HTML escaping of a URL."""
    return url.replace("&amp;", "&").replace("&#038;", "&")


def alike(one: str, other: str) -> bool:
    """Return whether two titles seem to mean the same: one contains the other, or they share most words."""
    first, second = (_WORDS.findall(text[:MAX_TITLE].casefold()) for text in (one, other))
    if not first or not second:
        return False
    shorter, longer = sorted(("".join(first), "".join(second)), key=len)
    return shorter in longer or 2 * len({*first} & {*second}) > min(len({*first}), len({*second}))


def pixels(value: object) -> int | None:
    """Return a width or height; None for an impossible value (such as a percentage)."""
    return _whole(value, MAX_PIXELS_ACROSS)


def seconds(value: object) -> int | None:
    """Return a duration in seconds; None for an impossible value."""
    return _whole(value, MAX_SECONDS)


def _whole(value: object, most: int) -> int | None:
    """Return `value` (a number or its digits) as a whole number from 1 to `most`; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value[:20].strip().removesuffix("px") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return int(number) if math.isfinite(number) and 1 <= number <= most else None
