"""The pictures of a page, best first: the pictures that it declares, then the pictures that it shows."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from scapi.previews.html import Element
from scapi.previews.microdata import reference
from scapi.previews.texts import alike, pixels

MIN_SIDE = 100
"""A shown picture with fewer pixels per side is an icon or a tracking pixel."""

MAX_RATIO = 5
"""The greatest ratio of the sides. Sprites, rulers and advertisements are longer."""

LARGE = (300, 200)
"""A picture of at least this width and height is not a decoration."""

BEST_WIDTH = 2000
"""Of wider pictures, a smaller version is used if there is one."""

MAX_SRCSET = 8000
"""The most characters to read of a `srcset`."""

_SOURCE = re.compile(r"([^\s,]\S{0,2048}?),?(?:\s+([0-9.]{1,9})([wx]))?\s*(?:,|$)")
# Attributes with the URL of a picture that a script loads later.
_LAZY = re.compile(r"data-.{0,40}(?:src|original|lazy|image|img|url|file|full|large|hi-?res|echo|bg|poster)")
_LOOKS_LIKE_A_PICTURE = re.compile(r"[^?#]{1,2000}\.(?:jpe?g|png|webp|avif|gif)(?:$|[?#])", re.IGNORECASE)
_DECORATION = re.compile(
    r"(?:^|[^a-z])(?:logo|icons?|favicon|sprites?|avatars?|gravatar|pixel|tracking|tracker|beacon|spacer|blank|loader|"
    r"loading|spinner|placeholder|badge|buttons?|btn|banner|ads?|advert|emoji|smiley|flags?|arrows?|captcha|transparent|"
    r"1x1|share|social|facebook|twitter|doubleclick)(?:$|[^a-z])",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(r"background[a-z-]{0,10}\s{0,3}:[^;]{0,100}url\(\s{0,3}[\"']?([^\"')]{1,2048})", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|(?:width|height)\s{0,3}:\s{0,3}[01]px", re.I
)


@dataclass(frozen=True, slots=True)
class Image:
    """A candidate for the picture, and its size if the page states it."""

    url: str
    width: int | None = None
    height: int | None = None
    declared: bool = field(default=False, compare=False)
    """Whether the page declares it as its picture."""


def shown(elements: Sequence[Element], titles: Sequence[str]) -> list[Image]:
    """Return the pictures that a page shows; those that most likely show its subject come first."""
    found: list[tuple[int, Image]] = []
    sources: list[str] = []
    for element in elements:
        if element.tag == "source":  # belongs to a `<picture>`, whose `<img>` follows
            sources += _srcsets(element)
        elif element.tag in ("img", "amp-img", "video", "amp-video"):
            found += _candidates(element, sources, titles)
            sources = []
        elif element.tag == "link" and "preload" in element.get("rel").lower():
            found += [(0, Image(url)) for url in (*_best_size(element.get("imagesrcset")), element.get("href"))[:1]]
        elif background := _BACKGROUND.search(element.get("style")[:4000]):
            found.append((-1, Image(background[1])))
    found += [(0, Image(url)) for url in _best_size(", ".join(sources))]
    return [image for _, image in sorted(found, key=lambda pair: -pair[0])]


def _candidates(element: Element, sources: list[str], titles: Sequence[str]) -> Iterator[tuple[int, Image]]:
    """Yield the URLs of a picture, each with points for how likely it shows the page's subject."""
    sides = pixels(element.get("width")), pixels(element.get("height"))
    if not fits(*sides) or _HIDDEN.search(element.get("style")[:500]) or "hidden" in element.attributes:
        return
    addresses = [element.get("poster")] if "video" in element.tag else _addresses(element, sources)
    for address in islice(filter(_is_address, addresses), 2):
        yield _points(element, address, sides, titles), Image(address)


def marked(elements: Iterable[Element]) -> Iterator[Image]:
    """Yield the pictures that microdata marks as the page's own, outside of items."""
    for element in elements:
        names = element.get("itemprop")[:200].lower().split()
        if element.item is None and ("image" in names or "thumbnailurl" in names):
            yield Image(reference(element), declared=True)


def fits(width: int | None, height: int | None) -> bool:
    """Return whether a picture of this size (None: unknown) can be the picture of a page."""
    sides = [side for side in (width, height) if side is not None]
    return all(side >= MIN_SIDE for side in sides) and (len(sides) < 2 or max(sides) <= MAX_RATIO * min(sides))


def is_large(width: int, height: int) -> bool:
    """Return whether a picture is too large to be a decoration."""
    return width >= LARGE[0] and height >= LARGE[1]


def _points(element: Element, address: str, sides: tuple[int | None, int | None], titles: Sequence[str]) -> int:
    """Return points for how likely a picture shows the page's subject."""
    told = " ".join(element.get(name)[:200] for name in ("class", "id", "alt", "role"))
    points = 0
    if sides[0] and sides[1] and is_large(sides[0], sides[1]):
        points += 3
    if element.within & {"article", "main", "figure"}:
        points += 2
    if element.within & {"nav", "footer", "aside", "form"}:
        points -= 3
    host, name = address.partition("//")[2].partition("/")[0], address[-500:].rpartition("/")[2]
    if any(_DECORATION.search(text) for text in (told, host[:100], name)):
        points -= 4
    if re.search(r"\.(?:svg|ico)(?:$|[?#])", address[-200:], re.IGNORECASE):
        points -= 8
    if element.get("alt") and any(alike(element.get("alt"), title) for title in titles):
        points += 1
    return points


def _addresses(element: Element, sources: list[str]) -> list[str]:
    """Return the URLs of a picture: of the best size, for scripts, then for browsers without scripts."""
    lazy: list[str] = []
    for name, value in element.attributes.items():
        if name.startswith("data-") and not name.endswith("srcset") and value.lstrip()[:1] not in ("{", "["):
            if _LOOKS_LIKE_A_PICTURE.match(value[:2100]):
                lazy.insert(0, value)
            elif _LAZY.fullmatch(name) and " " not in value.strip():
                lazy.append(value)
    return [*_best_size(", ".join([*sources, *_srcsets(element)])), *lazy, element.get("src")]


def _srcsets(element: Element) -> list[str]:
    """Return the `srcset`s of an element, without those that contain a picture as a data: URL."""
    found = (value for name, value in element.attributes.items() if name.endswith("srcset"))
    return [value[:MAX_SRCSET] for value in found if value.strip() and _is_address(value)]


def _best_size(srcset: str) -> list[str]:
    """Return the URL of the best size in a `srcset` (HTML Standard, 4.8.4.2.1)."""
    sizes = []
    for address, number, unit in _SOURCE.findall(srcset[:MAX_SRCSET]):
        width = float(number) * (1 if unit == "w" else 1000) if number.count(".") < 2 and number.strip(".") else 0.0
        sizes.append((width, address))
    fitting = [size for size in sizes if size[0] <= BEST_WIDTH] or sizes[:1]
    return [max(fitting, key=lambda size: size[0])[1]] if fitting else []


def _is_address(value: str) -> bool:
    return value.strip() != "" and not value.lstrip()[:5].lower().startswith(("data:", "blob:")) and "{{" not in value
