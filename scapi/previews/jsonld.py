"""JSON-LD (schema.org) as pages carry it: the few things about the page itself that a preview shows."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_NODES = 500
"""Objects that are looked at; graphs may be endless."""

# What describes the page or its main matter; the rest of a graph is about the site, its owner, its breadcrumbs.
SUBJECTS = (
    "Article",
    "Posting",
    "Page",
    "VideoObject",
    "ImageObject",
    "Product",
    "Recipe",
    "Event",
    "Book",
    "Movie",
    "CreativeWork",
    "Place",
    "LocalBusiness",
    "Restaurant",
    "Course",
    "MusicRecording",
    "PodcastEpisode",
)


@dataclass(slots=True)
class Facts:
    """What the JSON-LD of a page says about it."""

    headlines: list[str] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


def read(scripts: Iterable[str]) -> Facts:
    """Return what the JSON-LD scripts of a page say; broken ones say nothing."""
    facts = Facts()
    for script in scripts:
        try:
            found = json.loads(script)
        except (ValueError, RecursionError):
            continue
        for node in _subjects(found):
            facts.headlines += _texts(node.get("headline") or node.get("name"))
            facts.descriptions += _texts(node.get("description"))
            facts.keywords += _texts(node.get("keywords"))
            facts.entities += _names([node.get("about"), node.get("mentions")])
            facts.images += _images([node.get("image"), node.get("thumbnailUrl")])
    return facts


def _subjects(found: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects at the top and in `@graph` that are about the page."""
    waiting = [found]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting += node[:MAX_NODES]
        elif isinstance(node, dict):
            kinds = _texts(node.get("@type"))
            if any(kind.endswith(SUBJECTS) for kind in kinds):
                yield node
            waiting.append(node.get("@graph"))


def _texts(value: Any) -> list[str]:
    """Return the texts in a value that may be one or a list."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _names(values: list[Any]) -> list[str]:
    """Return the names of the things in `values`: texts, objects with a name, or lists of them."""
    flat = [thing for value in values for thing in (value if isinstance(value, list) else [value])]
    return _texts([thing.get("name") if isinstance(thing, dict) else thing for thing in flat])


def _images(values: list[Any]) -> list[str]:
    flat = [image for value in values for image in (value if isinstance(value, list) else [value])]
    return _texts([image.get("url") or image.get("contentUrl") if isinstance(image, dict) else image for image in flat])
