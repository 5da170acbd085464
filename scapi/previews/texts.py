"""Values of other sites, safe to store: texts as a browser shows them, of limited length and plausible numbers."""

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
"""Keywords that are looked at: far more than fit."""

MAX_PIXELS_ACROSS = 50_000
"""Width or height above which a number is taken for a mistake."""

MAX_SECONDS = 7 * 24 * 3600
"""Duration above which a number is taken for a mistake (a live stream's placeholder, milliseconds)."""

# Controls, halves of characters, private use, characters that never are any, and overrides that would turn around what
# a page shows beside the text. What Python's tables do not know yet stays: it may be a new emoji.
_UNFIT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\u202a-\u202e\u2066-\u2069"
    "\ud800-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
# A closing tag, a line break, a paragraph, or a tag with attributes: this was meant to be HTML. A lone `<b>` was not.
_MARKUP = re.compile(
    r"</[a-z][a-z0-9]{0,15}\s?>|<(?:br|p|hr|wbr)\s?/?>|<[a-z][a-z0-9]{0,15}\s[a-z-]{1,30}=", re.IGNORECASE
)
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_INVISIBLE = ("Cf", "Mn", "Zs")


def clean(value: object, most: int) -> str | None:
    """Return a text on one line, cut at `most` characters; None for what is no text or says nothing.

    Texts come as HTML from many sources that should have sent plain text: tags and entities that are left in one are
    taken for what they were meant to be, once.
    """
    if not isinstance(value, str):
        return None
    text = value[: 20 * most]  # far more than is kept, so that a text of megabytes is not worked through to its end
    text = _ENTITY.sub(lambda found: entities.unescape(found[0]), _CDATA.sub("", text))
    if _MARKUP.search(text):
        text = html.words(text)
    text = " ".join(_UNFIT.sub("", text).split())
    if all(unicodedata.category(character) in _INVISIBLE for character in text[:most]):
        return None
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def joined(values: Iterable[object], most: int) -> str | None:
    """Return the texts among the first values, each once, with commas between them, as many as fit into `most`."""
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
    """Return a URL as it was before it was escaped for HTML once more than it should have been."""
    return url.replace("&amp;", "&").replace("&#038;", "&")


def alike(one: str, other: str) -> bool:
    """Whether two titles seem to be about the same: one is within the other, or they share most words."""
    first, second = (_WORDS.findall(text[:MAX_TITLE].casefold()) for text in (one, other))
    if not first or not second:
        return False
    shorter, longer = sorted(("".join(first), "".join(second)), key=len)
    return shorter in longer or 2 * len({*first} & {*second}) > min(len({*first}), len({*second}))


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
