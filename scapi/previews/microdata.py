"""Microdata (HTML Standard, 5), converted to objects like those of JSON-LD: pages use schema.org in both."""

from collections.abc import Iterable
from typing import Any

from scapi.previews.html import Element, Item

_IMAGES = {"image": "image", "thumbnailurl": "thumbnailUrl"}
_OF_IMAGES = ("url", "contenturl")
_TEXTS = ("name", "headline", "description", "keywords")


def objects(elements: Iterable[Element]) -> list[dict[str, Any]]:
    """Return the top-level items of a page, with their texts and images."""
    found: dict[Item, dict[str, Any]] = {}
    for element in elements:
        item = element.item
        if item is None:
            continue
        names = element.get("itemprop")[:200].lower().split()
        if item.parent is not None:  # an image may be an item itself, with a URL
            if item.property in _IMAGES and item.parent.parent is None and any(name in _OF_IMAGES for name in names):
                _add(found, item.parent, _IMAGES[item.property], reference(element))
            continue
        for name in names:
            if name in _IMAGES:
                _add(found, item, _IMAGES[name], reference(element))
            elif name in _TEXTS:
                _add(found, item, name, element.get("content") or element.text)
    return list(found.values())


def reference(element: Element) -> str:
    """Return the URL that is the value of a property."""
    names = ("content", "data-src", "src", "href")
    return next(filter(None, (element.get(name).strip() for name in names)), "")


def _add(found: dict[Item, dict[str, Any]], item: Item, name: str, value: str) -> None:
    node = found.setdefault(item, {"@type": item.type.split()})
    if value.strip():
        node.setdefault(name, []).append(value)
