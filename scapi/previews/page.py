"""What a page says about itself: Open Graph, Twitter cards, JSON-LD and plain HTML, in this order of trust."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from scapi.previews import html, jsonld
from scapi.previews.addresses import Forbidden, Target
from scapi.previews.fetch import Fetched, Wanted
from scapi.previews.html import Element
from scapi.previews.texts import MAX_DESCRIPTION, MAX_KEYWORDS, MAX_TITLE, clean, joined, pixels

WANTED = Wanted(
    "text/html, application/xhtml+xml, image/*;q=0.8, */*;q=0.1",
    ("text/html", "application/xhtml+xml", "image/"),
    1024 * 1024,
)

MAX_IMAGES = 20
"""Candidates that are kept."""

MIN_IMAGE_SIDE = 100
"""Pixels below which an `<img>` is an icon or counts visits, as far as its attributes tell."""

JSON_LD = "application/ld+json"


@dataclass(frozen=True, slots=True)
class Image:
    """A candidate for the picture, and its size where the page gives one."""

    url: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. URLs are absolute, as they stand there: whoever fetches one has it checked."""

    title: str | None
    description: str | None
    keywords: str | None
    entities: str | None
    canonical: str | None
    images: tuple[Image, ...]
    oembed: str | None
    """Where it says that an oEmbed answer is."""


def read(answer: Fetched) -> Page:
    """Return what the HTML of `answer` says, however broken it is."""
    elements = html.read(answer.body, answer.charset)
    base = _base(elements, answer.target)
    meta = _Meta(elements)
    scripts = [element for element in elements if element.get("type").strip().lower() == JSON_LD]
    data = jsonld.read(script.text for script in scripts)
    headings = [next((element.text for element in elements if element.tag == tag), "") for tag in ("title", "h1")]
    texts = [
        *meta.all("og:title", "twitter:title"),
        *data.headlines,
        *headings,
    ]
    descriptions = [*meta.all("og:description", "twitter:description"), *data.descriptions, *meta.all("description")]
    keywords = [word for line in (*data.keywords, *meta.all("keywords", "news_keywords")) for word in line.split(",")]
    images = [*meta.images(), *(Image(url) for url in data.images), *_plain_images(elements)]
    return Page(
        title=_first(texts, MAX_TITLE),
        description=_first(descriptions, MAX_DESCRIPTION),
        keywords=joined([*keywords, *meta.all("article:tag", "video:tag")], MAX_KEYWORDS),
        entities=joined(data.entities, MAX_KEYWORDS),
        canonical=next(_urls([*_links(elements, "canonical"), *meta.all("og:url")], base), None),
        images=tuple(islice(_absolute(images, base), MAX_IMAGES)),
        oembed=next(_urls(_links(elements, "alternate", "application/json+oembed"), base), None),
    )


class _Meta:
    """The `<meta>` elements, by their property or name."""

    def __init__(self, elements: list[Element]) -> None:
        self._found: dict[str, list[str]] = defaultdict(list)
        self._in_order: list[tuple[str, str]] = []
        for element in elements:
            content = element.get("content")
            if element.tag != "meta" or not content.strip():
                continue
            for name in {element.get(key).strip().lower() for key in ("property", "name", "itemprop")}:
                if name:
                    self._found[name].append(content)
                    self._in_order.append((name, content))

    def all(self, *names: str) -> list[str]:
        """Return the contents of all elements of these names, in the order of the names."""
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
            yield Image(image["url"], width, height) if width and height else Image(image["url"])
        for url in self.all("twitter:image", "twitter:image:src", "image", "thumbnail"):
            yield Image(url)


def _plain_images(elements: list[Element]) -> Iterator[Image]:
    yield from (Image(url) for url in _links(elements, "image_src"))
    for element in elements:
        if element.tag == "img" and element.get("src"):
            sides = (pixels(element.get("width")), pixels(element.get("height")))
            if all(side is None or side >= MIN_IMAGE_SIDE for side in sides):
                yield Image(element.get("src"))
    yield from (Image(url) for url in _links(elements, "apple-touch-icon"))


def _links(elements: list[Element], relation: str, kind: str | None = None) -> Iterator[str]:
    for element in elements:
        if element.tag != "link" or not element.get("href").strip():
            continue
        if relation in element.get("rel").lower().split() and kind in (None, element.get("type").strip().lower()):
            yield element.get("href")


def _base(elements: list[Element], target: Target) -> Target:
    """Return what relative URLs on the page are relative to."""
    given = [element.get("href") for element in elements if element.tag == "base" and element.get("href").strip()]
    return next(_targets(given, target), target)


def _absolute(images: list[Image], base: Target) -> Iterator[Image]:
    """Yield every image once, with its absolute URL."""
    seen = set()
    for image in images:
        for url in _urls([image.url], base):
            if url not in seen:
                seen.add(url)
                yield Image(url, image.width, image.height)


def _urls(references: list[str] | Iterator[str], base: Target) -> Iterator[str]:
    return (target.url for target in _targets(references, base))


def _targets(references: list[str] | Iterator[str], base: Target) -> Iterator[Target]:
    """Yield the http and https URLs among `references`, absolute; the rest (`data:`, nonsense) is left out."""
    for reference in references:
        try:
            yield Target.of(base.join(reference))
        except Forbidden:
            continue


def _first(values: list[str], most: int) -> str | None:
    return next(filter(None, (clean(value, most) for value in values)), None)
