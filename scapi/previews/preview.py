"""Makes the preview of a link from its page and its oEmbed provider, within one time limit."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from scapi.previews import canonical, choosing, files, oembed, page, pictures
from scapi.previews.addresses import Forbidden, Target
from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import FAILURES, Fetched, Fetcher, Unreachable, Unwanted, Wanted
from scapi.previews.images import Image
from scapi.previews.oembed import OEmbed, Providers
from scapi.previews.page import Page, is_generic
from scapi.previews.places import Busy, Places

PAGE_SHARE = 0.75
"""The share of the remaining time that the page may take: 6 of 8 seconds, for slow servers."""

SHARE = 0.5
"""The same for each other answer, so that time remains for later steps."""

WAITING_SHARE = 0.5
MAX_WAITING = 4.0
"""The seconds, and the share of a preview's time, that may be spent waiting for a place."""

FAIR_SHARE = 0.9
"""If no server answered, a preview counts as tried if it had at least this share of its time."""

MAX_REFRESHES = 2
"""The most pages in a row that redirect by themselves."""

_HTML = re.compile(
    rb"\s{0,999}(?:<\?xml[^>]{0,300}>\s{0,99})?<(?:!doctype\s+html|html|head|title|meta|body)\b", re.IGNORECASE
)


class TooLarge(Unwanted):
    """A file has more bytes than the limit."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview of a link. `url` is the page's canonical URL if it means the same page."""

    url: str
    title: str | None = None
    description: str | None = None
    keywords: str | None = None
    entities: str | None = None
    image: str | None = None
    image_width: int | None = None
    image_height: int | None = None
    choice_images: tuple[str, ...] = ()
    oembed: OEmbed | None = None
    tried: bool = True
    """Whether this was a fair try. False if waiting for a place left too little time."""

    again: bool = False
    """Whether another try may find more: a server did not answer, or was not asked."""

    @property
    def ready(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.title or self.description or self.image or self.oembed)


@dataclass(frozen=True, slots=True)
class Previewer:
    """Makes previews. Each takes at most `seconds`, whatever the other servers do."""

    fetcher: Fetcher
    providers: Callable[[], Providers]
    """Called when first needed, because reading the list takes a moment."""

    seconds: float
    max_pixels: int
    places: Places = field(default_factory=lambda: Places(4))
    """Limits how many are made at the same time: each may occupy its thread for all of `seconds`."""

    def preview(self, url: str) -> Preview:
        """Return the preview of `url` as far as it can be made in time; empty if too many previews are being made.

        Raises Forbidden only if the URL's text alone is not allowed.
        """
        target = self.fetcher.rules.parse(url)
        deadline = Deadline.after(self.seconds)
        try:
            with self._place(deadline):
                hurried = deadline.left < FAIR_SHARE * self.seconds
                preview = self._preview(url, target, deadline)
        except Busy:
            return Preview(url, tried=False, again=True)
        return replace(preview, tried=preview.ready or not preview.again or not hurried)

    def check(self, url: str) -> None:
        """Raise Forbidden if the URL's text alone is not allowed."""
        self.fetcher.rules.parse(url)

    def measure(self, url: str) -> pictures.Size | None:
        """Return the size of the picture at `url`, None if it has none (SVG).

        Raises Forbidden, Unreachable (Busy too) and Unwanted.
        """
        deadline = Deadline.after(self.seconds)
        with self._place(deadline):
            return pictures.measure(url, self.fetcher, self.max_pixels, deadline)

    def picture(self, url: str, max_bytes: int) -> bytes:
        """Return the file at `url`. Raises Forbidden, Unreachable (Busy if too many previews are being made) and
        Unwanted; TooLarge for more than `max_bytes`.
        """
        wanted = Wanted(pictures.HEAD.accept, pictures.HEAD.types, max_bytes)
        deadline = Deadline.after(self.seconds)
        with self._place(deadline):
            answer = self.fetcher.get(url, wanted, deadline)
        if len(answer.body) >= max_bytes and not answer.complete:
            raise TooLarge(f"it has more than {max_bytes} bytes")
        if not answer.complete:
            raise Unreachable("it did not arrive completely in time")
        return answer.body

    def _place(self, deadline: Deadline) -> AbstractContextManager[None]:
        return self.places.one(min(MAX_WAITING, WAITING_SHARE * deadline.left))

    def _preview(self, url: str, target: Target, deadline: Deadline) -> Preview:
        endpoint = self.providers().endpoint(target)
        embedded = self._ask([endpoint] if endpoint else [], deadline)
        said, unreachable = self._read(target, deadline)
        if embedded is None and said:
            embedded = self._ask(said.oembed, deadline)
        choice = self._choice(embedded, said, deadline)
        image = choice.image
        shown = [*([image] if image else []), *choice.others]
        return Preview(
            url=canonical.kept(url, said.canonical) if said else url,
            title=_title(embedded.title if embedded else None, said.title if said else None),
            description=(embedded and embedded.description) or (said.description if said else None),
            keywords=said.keywords if said else None,
            entities=said.entities if said else None,
            image=image.url if image else None,
            image_width=image.width if image else None,
            image_height=image.height if image else None,
            choice_images=tuple(other.url for other in shown)[: page.MAX_IMAGES],
            oembed=embedded,
            again=unreachable,
        )

    def _ask(self, endpoints: Iterable[str], deadline: Deadline) -> OEmbed | None:
        """Return the answer of the first oEmbed endpoint that answers; None if none does."""
        for endpoint in endpoints:
            try:
                said = self.providers().read(self.fetcher.get(endpoint, oembed.WANTED, deadline.part(SHARE)))
            except FAILURES:
                continue
            if said:
                return replace(said, url=self._allowed(said.url))
        return None

    def _allowed(self, url: str | None) -> str | None:
        """Return a URL from another site, normalised; None if it may not be fetched."""
        try:
            return self.fetcher.rules.parse(url).url if url else None
        except Forbidden:
            return None

    def _read(self, target: Target, deadline: Deadline) -> tuple[Page | None, bool]:
        """Return the page's metadata, None if there is none, and whether its server could not be reached."""
        try:
            answer = self.fetcher.get(target.url, page.WANTED, deadline.part(PAGE_SHARE))
        except FAILURES as error:
            return None, isinstance(error, Unreachable)
        said = _said(answer, deadline)
        for _ in range(MAX_REFRESHES):
            if said is None or said.refresh in (None, answer.target.url):
                break
            try:
                answer = self.fetcher.get(str(said.refresh), page.WANTED, deadline.part(PAGE_SHARE))
            except FAILURES:
                break
            said = _said(answer, deadline) or said
        return said, False

    def _choice(self, embedded: OEmbed | None, said: Page | None, deadline: Deadline) -> choosing.Choice:
        def measure(image: Image) -> Image:
            size = pictures.measure(image.url, self.fetcher, self.max_pixels, deadline.part(SHARE))
            return replace(image, width=size.width, height=size.height) if size else image

        candidates = list(self._candidates(embedded, said))
        if embedded and embedded.image and embedded.type != "photo" and len(candidates) > 1 and candidates[1].declared:
            candidates[:2] = choosing.larger_first(candidates[0], candidates[1], measure)
        return choosing.choose(candidates, measure)

    def _candidates(self, embedded: OEmbed | None, said: Page | None) -> Iterator[Image]:
        """Yield the pictures to choose from, best first, without those that may never be fetched."""
        found = list(said.images) if said else []
        if embedded and embedded.image:
            found.insert(0, Image(embedded.image, embedded.image_width, embedded.image_height, declared=True))
        seen = set()
        for image in found:
            url = self._allowed(image.url)
            if url and url not in seen:
                seen.add(url)
                yield replace(image, url=url)


def _said(answer: Fetched, deadline: Deadline) -> Page | None:
    """Return the metadata of an answer of any type; None if there is none."""
    if pictures.is_picture(answer.body):
        size = pictures.size_of(answer.body)
        image = Image(answer.target.url, size.width if size else None, size.height if size else None, declared=True)
        return page.of_file(files.name(answer), None, (image,))
    if answer.mimetype.startswith("image/"):
        return None
    if _is_page(answer):
        return page.read(answer, deadline)
    return page.of_file(files.name(answer), files.kind(answer))


def _is_page(answer: Fetched) -> bool:
    """Return whether an answer is HTML: by its type, or if that is generic, by its first bytes."""
    if answer.mimetype in ("text/html", "application/xhtml+xml"):
        return True
    if not answer.mimetype:
        return b"\0" not in answer.body[:1024]
    says_little = "/" not in answer.mimetype or answer.mimetype.endswith("/xml")
    return says_little and _HTML.match(answer.body[:4096]) is not None


def _title(embedded: str | None, said: str | None) -> str | None:
    """Return the better title: the provider's, unless that is the name of its host."""
    return said if embedded and said and is_generic(embedded) else embedded or said
