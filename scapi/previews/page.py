"""The metadata of a page: Open Graph, Twitter cards, JSON-LD, microdata, plain HTML, in this order of trust."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from scapi.previews import (
    charsets,
    html,
    images,
    jsonld,
    microdata,
    oembed_answers,
    pictures,
    refreshes,
    subjects,
)
from scapi.previews.addresses import Forbidden, Target
from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import Fetched, Wanted
from scapi.previews.html import JSON_LD, Element, media_type
from scapi.previews.images import Image
from scapi.previews.texts import MAX_DESCRIPTION, MAX_KEYWORDS, MAX_TITLE, clean, joined, pixels, unescaped

WANTED = Wanted(
    "text/html, application/xhtml+xml, application/xml;q=0.9, image/avif, image/webp, image/*;q=0.8, */*;q=0.5",
    ("text/html", "html", "application/xhtml+xml", "application/xml", "text/xml"),
    1536 * 1024,
    pictures.HEAD.max_bytes,
)

MAX_IMAGES = 20
"""The most candidates to keep."""

MAX_TITLES = 20
"""The most titles to search for a good one."""

MAX_CANONICAL = 5
MAX_OEMBED = 2
"""The most URLs of each kind to try."""

MAX_PARSING = 2.0
"""Seconds after which the rest of a page is not read."""

MIN_PARAGRAPH = 40
"""The least bytes of UTF-8 in a useful paragraph. A character of a dense script has more bytes, and says more."""

_NOT_THE_TEXT = frozenset(("nav", "footer", "aside", "header", "form", "noscript"))
_ARTICLE = frozenset(("article", "main"))
_NOTICE = re.compile(r"\bcookies?\b|\bjavascript\b|\bbrowser|©|\ball rights reserved\b", re.IGNORECASE)
_BARE_HOST = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+){0,5}\.[a-z]{2,20}/?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """The metadata of a page. URLs are absolute but not checked: the fetcher checks them."""

    title: str | None
    description: str | None
    keywords: str | None
    entities: str | None
    canonical: tuple[str, ...]
    """The URLs that it declares as its own; `canonical.kept` decides whether to trust one."""

    images: tuple[Image, ...]
    oembed: tuple[str, ...] = ()
    """The URLs of its oEmbed answers, as it declares them."""

    refresh: str | None = None
    """The URL that it sends its readers to at once."""


def read(answer: Fetched, deadline: Deadline | None = None) -> Page:
    """Read the HTML of `answer`, even if it is broken, as far as possible before `deadline`."""
    soon = Deadline.after(MAX_PARSING if deadline is None else min(MAX_PARSING, deadline.left))
    elements = html.elements(charsets.decode(answer.body, answer.charset), soon)
    base = _base(elements, answer.target)
    meta = _Meta(elements)
    titles = meta.all("og:title", "twitter:title", "citation_title")
    headings = {tag: _headings(elements, tag) for tag in ("title", "h1", "h2")}
    own = [
        text
        for text in (clean(title, MAX_TITLE) for title in (*titles[:5], *headings["title"], *headings["h1"]))
        if text
    ]
    scripts = (element.text for element in elements if media_type(element.get("type")) == JSON_LD)
    data = subjects.facts(chain(jsonld.objects(scripts), microdata.objects(elements)), answer.target.url, own)
    said = [*titles, *data.names, *headings["title"], *headings["h1"], *meta.all("dc.title", "dcterms.title", "title")]
    descriptions = chain(
        meta.all("og:description", "twitter:description"),
        data.descriptions,
        meta.all("description", "dc.description", "dcterms.description", "citation_abstract"),
        _paragraphs(elements),
    )
    keywords = (word for line in (*data.keywords, *meta.all("keywords", "news_keywords")) for word in line.split(","))
    declared = [*meta.images(), *data.images, *images.marked(elements), *_linked(elements, "image_src")]
    candidates = [*declared, *data.late_images, *images.shown(elements, own)]
    return Page(
        title=_title([*said, *data.late_names, *headings["h2"]], meta.all("og:site_name")),
        description=next(filter(None, (clean(value, MAX_DESCRIPTION) for value in descriptions)), None),
        keywords=joined(chain(keywords, meta.all("article:tag", "video:tag")), MAX_KEYWORDS),
        entities=joined(data.entities, MAX_KEYWORDS),
        canonical=tuple(_urls([*_links(elements, "canonical"), *meta.all("og:url")][:MAX_CANONICAL], base)),
        images=tuple(islice(_absolute(candidates, base), MAX_IMAGES)),
        oembed=tuple(_urls(_oembed(elements, answer.headers.get("link", "")), base)),
        refresh=next(_urls(_refreshes(elements, answer.headers.get("refresh", "")), base), None),
    )


def of_file(name: str | None, kind: str | None, pictures_of_it: tuple[Image, ...] = ()) -> Page:
    """Return the metadata of a file that is not a page."""
    return Page(name, kind, None, None, (), pictures_of_it)


class _Meta:
    """The `<meta>` elements outside of microdata items, by property or name."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self._found: dict[str, list[str]] = defaultdict(list)
        self._in_order: list[tuple[str, str]] = []
        for element in elements:
            content = element.get("content") or element.get("value")
            if element.tag != "meta" or element.item is not None or not content.strip():
                continue
            for name in {
                name for key in ("property", "name", "itemprop") for name in element.get(key)[:200].lower().split()
            }:
                self._found[name].append(content)
                self._in_order.append((name, content))

    def all(self, *names: str) -> list[str]:
        """Return the contents of all elements with these names, in the order of the names."""
        return [content for name in names for content in self._found[name]]

    def images(self) -> Iterator[Image]:
        """Yield the images of Open Graph with the sizes that follow each, then those of Twitter cards."""
        found: list[dict[str, str]] = []
        for name, content in self._in_order:
            if name == "og:image" or (name in ("og:image:url", "og:image:secure_url") and not found):
                found.append({"url": content})
            elif name == "og:image:secure_url":
                found[-1]["url"] = content
            elif name in ("og:image:width", "og:image:height") and found:
                found[-1].setdefault(name[9:], content)
        for image in found:
            width, height = pixels(image.get("width")), pixels(image.get("height"))
            yield Image(image["url"], width if height else None, height if width else None, declared=True)
        for url in self.all("twitter:image", "twitter:image:src", "image", "thumbnail", "thumbnailurl"):
            yield Image(url, declared=True)


def _title(values: Iterable[str], site: Sequence[str]) -> str | None:
    """Return the first title that is more than the name of the site; if there is none, the first title."""
    found = [text for text in (clean(value, MAX_TITLE) for value in islice(values, MAX_TITLES)) if text]
    names = {name.strip().casefold() for name in site}
    return next((text for text in found if not is_generic(text) and text.casefold() not in names), (*found, None)[0])


def is_generic(title: str) -> bool:
    """Return whether a title is only a host name."""
    return _BARE_HOST.fullmatch(title) is not None


def _headings(elements: Iterable[Element], tag: str) -> list[str]:
    return list(islice((element.text for element in elements if element.tag == tag and element.text.strip()), 2))


def _paragraphs(elements: Sequence[Element]) -> list[str]:
    """Return the paragraphs with content, without bylines and menus; those of an article come first."""
    found = []
    for element in elements:
        if element.tag == "p" and not element.within & _NOT_THE_TEXT and 2 * element.linked < element.length:
            text = element.text.strip()
            if len(text.encode("utf-8", "replace")) >= MIN_PARAGRAPH and not _NOTICE.search(text[:200]):
                found.append((element.within.isdisjoint(_ARTICLE), text))
    return [text for _, text in sorted(found, key=lambda pair: pair[0])]


def _links(elements: Iterable[Element], relation: str) -> list[str]:
    found = (element for element in elements if element.tag == "link" and element.get("href").strip())
    return [element.get("href") for element in found if relation in element.get("rel").lower().split()]


def _linked(elements: Iterable[Element], relation: str) -> Iterator[Image]:
    return (Image(url, declared=True) for url in _links(elements, relation))


def _oembed(elements: Iterable[Element], header: str) -> list[str]:
    """Return the declared URLs of oEmbed answers, JSON first."""
    found = oembed_answers.linked(header)
    for element in elements:
        kind = media_type(element.get("type"))
        related = not oembed_answers.RELATIONS.isdisjoint(element.get("rel").lower().split())
        if element.tag == "link" and related and kind in oembed_answers.LINK_TYPES and element.get("href").strip():
            found.append((kind, element.get("href")))
    return [url for _, url in sorted(found, key=lambda pair: oembed_answers.LINK_TYPES.index(pair[0]))][:MAX_OEMBED]


def _refreshes(elements: Iterable[Element], header: str) -> Iterator[str]:
    """Yield the URLs that a page sends its readers to at once; a `<noscript>` is not for readers with scripts."""
    said = [header]
    said += [
        element.get("content")
        for element in elements
        if element.get("http-equiv").strip().lower() == "refresh" and "noscript" not in element.within
    ]
    yield from filter(None, map(refreshes.destination, said))


def _base(elements: Iterable[Element], target: Target) -> Target:
    """Return the base of relative URLs on the page."""
    given = [element.get("href") for element in elements if element.tag == "base" and element.get("href").strip()]
    return next(_targets(given, target), target)


def _absolute(found: Iterable[Image], base: Target) -> Iterator[Image]:
    """Yield every image once, with its absolute URL."""
    seen = set()
    for image in found:
        for url in _urls([image.url], base):
            if url not in seen:
                seen.add(url)
                yield replace(image, url=url)


def _urls(references: Iterable[str], base: Target) -> Iterator[str]:
    return (target.url for target in _targets(references, base))


def _targets(references: Iterable[str], base: Target) -> Iterator[Target]:
    """Yield the http and https URLs among `references` as absolute URLs; others (`data:`, invalid) are left out."""
    for reference in filter(str.strip, references):
        try:
            yield Target.of(base.join(unescaped(reference)))
        except Forbidden:
            continue
