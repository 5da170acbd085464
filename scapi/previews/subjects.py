"""Finds the object of a page's JSON-LD or microdata that is about the page itself, and reads it.

Many objects of a page are about something else: its site, its owner, one of many products, a film beside the text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from scapi.previews.images import Image
from scapi.previews.texts import MAX_KEYWORDS_READ, MAX_TITLE, alike, clean, pixels

MAX_OBJECTS = 500
"""The most objects to look at; graphs may be endless."""

MAX_COMPARED = 50
"""The most objects of one kind whose names are compared with the page's."""

MAX_IMAGES = 20

ARTICLES = ("article", "posting", "report")
PAGES = ("page",)
MEDIA = ("videoobject", "imageobject", "audioobject", "mediaobject")
THINGS = (
    "product recipe event festival book movie film creativework work place localbusiness restaurant store hotel "
    "lodgingbusiness course song musicrecording musicalbum musicgroup podcast podcastepisode podcastseries series "
    "season episode application game howto question dataset vehicle car apartment listing quiz painting photograph "
    "sculpture software softwaresourcecode"
)
_ENDINGS = {"article": ARTICLES, "thing": tuple(THINGS.split()), "media": MEDIA, "page": PAGES}
_NAMES = ("headline", "name", "alternativeHeadline", "title")


@dataclass(slots=True)
class Facts:
    """Facts about a page. The `late` ones may be about something else, and are used last."""

    names: list[str] = field(default_factory=list)
    late_names: list[str] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    late_images: list[Image] = field(default_factory=list)


def facts(objects: Iterable[dict[str, Any]], url: str, titles: Sequence[str]) -> Facts:
    """Return the facts of `objects` about the page at `url`, which has these `titles`."""
    nodes = list(islice(objects, MAX_OBJECTS))
    graph = _Graph(nodes)
    found = Facts()
    seen: set[int] = set()
    for node, surely in _by_relevance(nodes, graph, url, titles):
        if id(node) in seen:
            continue
        seen.add(id(node))
        names = _names_of(node)
        fitting = _fitting(node, titles)  # these first: Wikipedia's headline can be "Wikimedia list article"
        if fitting or surely or not titles or not names:
            found.names += fitting or (names if surely or not titles else [])
            found.descriptions += _texts(node.get("description"))
            found.keywords += [word for value in _list(node.get("keywords")) for word in _names([value])]
            found.entities += _names([node.get("about"), node.get("mentions")])
            found.images += graph.images(node)
        else:
            found.late_images += [replace(image, declared=False) for image in graph.images(node)]
        found.late_names += names
    found.late_names += [
        text for node in _listed(nodes)[:1] for text in _texts(node.get("name") or node.get("headline"))
    ]
    return found


def _by_relevance(
    nodes: list[dict[str, Any]], graph: "_Graph", url: str, titles: Sequence[str]
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield the nodes that may be about the page, best first, and whether each is certain."""
    for node in nodes:
        main = graph.resolved(node.get("mainEntity"))
        if main is not None and any(main.get(name) for name in _NAMES):
            yield main, True
    here = _same(url)
    by_kind: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _ENDINGS}
    for node in nodes:
        for kind in _kinds(node):
            by_kind[kind].append(node)
    for kind in ("article", "thing"):
        yield from ((node, False) for node in by_kind[kind] if here in map(_same, _places(node)))
        called = [node for node in by_kind[kind][:MAX_COMPARED] if _fitting(node, titles)]
        if len(called) == 1:
            yield called[0], False
    for kind, found in by_kind.items():
        if len(found) == 1 or (kind == "page" and found):
            yield found[0], False


def _names_of(node: dict[str, Any]) -> list[str]:
    return [text for key in _NAMES for text in _texts(node.get(key))][:5]


def _fitting(node: dict[str, Any], titles: Sequence[str]) -> list[str]:
    """Return the names of a node that are also titles of the page."""
    names = ((name, clean(name, MAX_TITLE) or "") for name in _names_of(node))
    return [name for name, text in names if any(alike(text, title) for title in titles)]


def _listed(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the nodes of the first kind with several nodes: the entries of a list page."""
    times = Counter(kind for node in nodes for kind in _kinds(node))
    several = {kind for kind in ("article", "thing") if times[kind] > 1}
    return [node for node in nodes if several & _kinds(node)]


def _kinds(node: dict[str, Any]) -> set[str]:
    names = [re.split(r"[/#:]", name[-200:])[-1].lower() for name in _texts(node.get("@type"))[:10]]
    return {kind for kind, endings in _ENDINGS.items() if any(name.endswith(endings) for name in names)}


def _places(node: dict[str, Any]) -> list[str]:
    """Return the URLs that a node declares as its own."""
    values = [node.get("mainEntityOfPage"), node.get("url"), node.get("@id")]
    return _texts([value.get("@id") or value.get("url") if isinstance(value, dict) else value for value in values])


def _same(url: str) -> str:
    """Return a form that is equal for all ways to write the URL of a page."""
    return re.sub(r"^https?://(?:www\.)?", "", url[:2048].partition("#")[0]).rstrip("/")


class _Graph:
    """Resolves references by `@id`."""

    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self._by_id = {str(node["@id"]): node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}

    def resolved(self, value: Any) -> dict[str, Any] | None:
        """Return the node that `value` (or its only element) is or refers to."""
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict):
            return self._by_id.get(str(value.get("@id")), value) if len(value) == 1 else value
        return self._by_id.get(value) if isinstance(value, str) else None

    def images(self, node: dict[str, Any]) -> list[Image]:
        """Return the pictures of a node."""
        values = [node.get(name) for name in ("image", "primaryImageOfPage", "photo", "thumbnailUrl", "thumbnail")]
        flat = list(islice((image for value in values for image in _list(value)), MAX_IMAGES))
        own = [node] if "media" in _kinds(node) and _texts(node.get("@type"))[0].endswith("ImageObject") else []
        return [image for value in [*flat, *own] if (image := self._image(value))]

    def _image(self, value: Any) -> Image | None:
        found = self.resolved(value)
        if found is None:
            return Image(value, declared=True) if isinstance(value, str) else None
        given = [found.get("width"), found.get("height")]
        sizes = [pixels(size.get("value") if isinstance(size, dict) else size) for size in given]
        addresses = [text for name in ("url", "contentUrl") for text in _texts(found.get(name))]
        addresses += [text for text in _texts(found.get("@id")) if "#" not in text]
        width, height = sizes if all(sizes) else (None, None)
        return Image(addresses[0], width, height, declared=True) if addresses else None


def _list(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value.get("@list", value.get("@set", value))
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    """Return the texts in a value: a text, a text with a language, or a list of these."""
    flat = _list(value)[:MAX_KEYWORDS_READ]
    found = (item.get("@value", item.get("@id")) if isinstance(item, dict) else item for item in flat)
    return [text for text in found if isinstance(text, str)]


def _names(values: list[Any]) -> list[str]:
    """Return the names of the things in `values`: texts, objects with a name, or lists of these."""
    flat = [thing for value in values for thing in _list(value)[:MAX_KEYWORDS_READ]]
    return _texts([thing.get("name") if isinstance(thing, dict) else thing for thing in flat])
