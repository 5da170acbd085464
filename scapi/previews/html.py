"""HTML as a flat list of the relevant elements, in bounded time and memory also for broken or hostile pages.

No tree is built: for closing tags in deep nesting, tree builders take quadratic time, minutes for a megabyte.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from scapi.previews.deadlines import Deadline

MAX_DEPTH = 4000
"""Reading ends at more open elements than this: each closing tag is searched among all of them."""

MAX_SCRIPT = 512 * 1024
"""The most characters to keep of a script."""

MAX_TEXT = 20_000
"""The most characters to keep of the text of any other element."""

MAX_LISTENING = 10
"""The most nested elements that collect the same text."""

JSON_LD = "application/ld+json"

IMAGES = ("img", "amp-img", "source", "video", "amp-video", "iframe")
TEXTS = ("title", "h1", "h2", "p")
PROPERTIES = ("name", "headline", "description", "image", "thumbnailurl", "contenturl", "url", "keywords")
"""The microdata properties to read, in lower case."""

_MOST = {"meta": 2000, "link": 300, "img": 500, "p": 100, "script": 100}
_MOST_OF_OTHERS = 200
_RELATIONS = {"canonical", "alternate", "alternative", "image_src"}

# Elements whose content is not part of the page: `title` has another meaning in svg, a template is not shown.
_NOT_THE_PAGE = ("svg", "math", "template")
_CONTEXTS = {*_NOT_THE_PAGE, "noscript", "nav", "footer", "aside", "header", "form", "figure", "article", "main", "a"}
_CODE = ("script", "style")
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer"),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
        *("table", "td", "th", "tr", "ul"),
    )
)
"""Elements that browsers show on separate lines, and the line break."""

_PIECE = 16 * 1024


@dataclass(slots=True, eq=False)
class Item:
    """A microdata item (HTML Standard, 5.2), and the item that it is a property of."""

    type: str
    property: str = ""
    parent: "Item | None" = None


@dataclass(slots=True)
class Element:
    """An element, the pieces of its text if that is needed, and its surroundings."""

    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)
    within: frozenset[str] = frozenset()
    """The tags of the elements around it that tell its purpose."""

    item: Item | None = None
    """The microdata item that it is a property of."""

    linked: int = 0
    """The number of characters of its text inside links."""

    length: int = 0

    def get(self, name: str) -> str:
        """Return the value of an attribute; empty if it is missing."""
        return self.attributes.get(name, "")

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(self.pieces)

    def add(self, text: str, *, linked: bool = False) -> None:
        """Add to its text, up to the limit."""
        most = MAX_SCRIPT if self.tag == "script" else MAX_TEXT
        if self.length < most:
            self.pieces.append(text[: most - self.length])
            self.length += len(text)
            self.linked += len(text) * linked


class _Enough(Exception):
    """A limit is reached: reading ends."""


class _Collector:
    """The target whose methods lxml calls for every piece of a page."""

    def __init__(self) -> None:
        self.kept: list[Element] = []
        self._path: list[str] = []
        self._kept_of: Counter[str] = Counter()
        self._inside: Counter[str] = Counter()
        self._items: list[tuple[int, Item]] = []
        self._listening: list[tuple[int, Element]] = []
        """The open elements that collect text, each with its depth."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH:
            raise _Enough
        if tag in _BLOCKS:
            self._hear(" ")
        self._path.append(tag)
        if not self._is_elsewhere():
            self._keep(tag, attributes)
        if tag in _CONTEXTS:
            self._inside[tag] += 1

    def end(self, tag: str) -> None:
        if not self._path:
            return
        if tag in _BLOCKS:
            self._hear(" ")
        self._path.pop()
        depth = len(self._path)
        while self._listening and self._listening[-1][0] > depth:
            self._listening.pop()
        while self._items and self._items[-1][0] > depth:
            self._items.pop()
        if tag in _CONTEXTS:
            self._inside[tag] -= 1

    def data(self, text: str) -> None:
        if self._listening:
            shown = self._path[-1] not in _CODE and not self._is_elsewhere()
            if shown or self._listening[-1][1].tag == "script":
                self._hear(text)

    def close(self) -> None:
        pass

    def _is_elsewhere(self) -> bool:
        return any(self._inside[around] for around in _NOT_THE_PAGE)

    def _hear(self, text: str) -> None:
        for _, element in self._listening:
            element.add(text, linked=self._inside["a"] > 0)

    def _keep(self, tag: str, attributes: Mapping[str, str]) -> None:
        item = self._items[-1][1] if self._items else None
        of_item = _property(attributes)
        if "itemscope" in attributes:
            self._items.append(
                (len(self._path), Item(attributes.get("itemtype", ""), of_item, item if of_item else None))
            )
        matters = _matters(tag, attributes)
        if not matters and not (of_item in PROPERTIES and "itemscope" not in attributes):
            return
        self._kept_of[tag] += 1
        if self._kept_of[tag] > _MOST.get(tag, _MOST_OF_OTHERS):
            return
        within = frozenset(around for around, times in self._inside.items() if times > 0)
        element = Element(tag, dict(attributes), within=within, item=item if of_item else None)
        self.kept.append(element)
        if (tag in TEXTS or tag == "script" or of_item) and len(self._listening) < MAX_LISTENING:
            self._listening.append((len(self._path), element))


def _property(attributes: Mapping[str, str]) -> str:
    """Return the one of PROPERTIES that an element has, or else its first property."""
    names = attributes.get("itemprop", "")[:200].lower().split()
    return next((name for name in names if name in PROPERTIES), names[0] if names else "")


def _matters(tag: str, attributes: Mapping[str, str]) -> bool:
    match tag:
        case "link":
            relations = attributes.get("rel", "")[:200].lower().split()
            preloads = "preload" in relations and attributes.get("as", "").lower() == "image"
            return preloads or not _RELATIONS.isdisjoint(relations) or "itemprop" in attributes
        case "script":
            return media_type(attributes.get("type", "")) == JSON_LD
    return tag in ("base", "meta") or tag in IMAGES or tag in TEXTS or "url(" in attributes.get("style", "")


def media_type(value: str) -> str:
    """Return a media type in lower case without its parameters."""
    return value[:200].partition(";")[0].strip().lower()


def elements(text: str, deadline: Deadline | None = None) -> list[Element]:
    """Return the relevant elements of `text` in order, as far as it can be read before `deadline`."""
    collector = _Collector()
    _feed(text, collector, deadline)
    return collector.kept


class _Reader:
    """The target whose methods lxml calls when only the text is needed."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._path: list[str] = []

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH:
            raise _Enough
        self._path.append(tag)
        if tag in _BLOCKS:
            self.pieces.append(" ")

    def end(self, tag: str) -> None:
        if self._path:
            self._path.pop()
        if tag in _BLOCKS:
            self.pieces.append(" ")

    def data(self, text: str) -> None:
        if self._path and self._path[-1] not in _CODE:
            self.pieces.append(text)

    def close(self) -> None:
        pass


def words(markup: str) -> str:
    """Return the text of a piece of HTML as a browser would show it, on one line."""
    reader = _Reader()
    _feed(markup, reader, None)
    return "".join(reader.pieces)


def _feed(text: str, target: Any, deadline: Deadline | None) -> None:
    parser = etree.HTMLParser(target=target, encoding="utf-8")
    with suppress(_Enough, etree.LxmlError):  # the text up to there counts
        for piece in _pieces(text.replace("\0", "")):
            if deadline is not None and deadline.left <= 0:
                return
            parser.feed(piece)
        parser.close()


def _pieces(text: str) -> Iterator[bytes]:
    data = text.encode("utf-8", "replace")
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]
