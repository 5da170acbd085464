"""HTML as a flat list of the elements that matter, however broken it is and however it was meant to be expensive.

No tree is built: closing tags below a deep one cost a tree builder quadratic time, minutes for a megabyte.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import webencodings
from lxml import etree

MAX_DEPTH = 250
"""Elements open at a time; browsers stop nesting at 512. Reading ends where a page is deeper."""

MAX_KEPT = 5000
"""Elements that are kept."""

MAX_TEXT = 512 * 1024
"""Characters that are kept of an element's text."""

PRESCAN = 1024
"""Bytes in which `<meta>` may name the encoding (HTML Standard, 13.2.3.2)."""

KEPT = ("base", "h1", "iframe", "img", "link", "meta", "script", "title")
WITH_TEXT = ("h1", "script", "title")
FOREIGN = ("svg", "math")
"""Elements in which a `title` is another thing."""

_PIECE = 16 * 1024
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})", re.IGNORECASE)


@dataclass(slots=True)
class Element:
    """An element: its name, its attributes, and the pieces of its text if it is one whose text matters."""

    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return the value of an attribute, empty if it is not there."""
        return self.attributes.get(name, "")

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(self.pieces)


class _Enough(Exception):
    """More was read than is worth it."""


class _Collector:
    """What lxml calls for every piece of a page."""

    def __init__(self) -> None:
        self.kept: list[Element] = []
        self._path: list[str] = []
        self._open: Element | None = None
        self._length = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH or len(self.kept) >= MAX_KEPT:
            raise _Enough
        if tag in KEPT and not any(element in FOREIGN for element in self._path):
            element = Element(tag, dict(attributes))
            self.kept.append(element)
            if tag in WITH_TEXT:
                self._open, self._length = element, 0
        self._path.append(tag)

    def end(self, tag: str) -> None:
        if self._path:
            self._path.pop()
        if self._open and self._open.tag == tag:
            self._open = None

    def data(self, text: str) -> None:
        if self._open and self._length < MAX_TEXT:
            self._open.pieces.append(text[: MAX_TEXT - self._length])
            self._length += len(text)

    def close(self) -> None:
        pass


def read(body: bytes, charset: str | None) -> list[Element]:
    """Return the elements of a page; `charset` is what its header says."""
    return elements(decode(body, charset))


def elements(text: str) -> list[Element]:
    """Return the elements of KEPT in `text`, in their order."""
    collector = _Collector()
    parser = etree.HTMLParser(target=collector, encoding="utf-8")
    with suppress(_Enough, etree.LxmlError):  # what was understood up to there counts
        for piece in _pieces(text.replace("\0", "")):
            parser.feed(piece)
        parser.close()
    return collector.kept


def decode(body: bytes, charset: str | None) -> str:
    """Return the text of a page. A byte order mark is believed first, then the header, then `<meta>`."""
    named = _META_CHARSET.search(body[:PRESCAN])
    meta = named[1].decode() if named else None
    for label in (charset, meta):
        encoding = webencodings.lookup(label) if label else None
        if encoding:
            if label == meta and encoding.name.startswith("utf-16"):  # it could not have been read if that were so
                encoding = webencodings.UTF8
            return webencodings.decode(body, encoding)[0]
    text, used = webencodings.decode(body, webencodings.UTF8)
    if used == webencodings.UTF8 and "\ufffd" in text[:-1]:
        return webencodings.decode(body, "windows-1252")[0]
    return text


def _pieces(text: str) -> Iterator[bytes]:
    data = text.encode("utf-8", "replace")
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]
