"""The preview of a link: everything that its page and its oEmbed provider say, within one budget of time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore

from scapi.previews import canonical, oembed, page, pictures
from scapi.previews.addresses import Forbidden, Target
from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import FAILURES, Fetcher, Unreachable, Unwanted, Wanted
from scapi.previews.images import Image
from scapi.previews.oembed import OEmbed, Providers
from scapi.previews.page import Page
from scapi.previews.texts import MAX_TITLE, clean

PAGE_SHARE = 0.6
"""How much of the time that is left one answer may take, so that something remains for what follows."""

MAX_IMAGES_TRIED = 3
"""Candidates that are asked for before none is."""


class Busy(Unreachable):
    """As many previews are being made as may be at once."""


class TooLarge(Unwanted):
    """A file that has more bytes than are taken."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link becomes. `url` is the canonical one, where the page names one that means the same."""

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

    @property
    def ready(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.title or self.description or self.image or self.oembed)


@dataclass(frozen=True, slots=True)
class Previewer:
    """Makes previews. Takes `seconds` at most for each, whatever the other side does."""

    fetcher: Fetcher
    providers: Callable[[], Providers]
    """Called when they are needed: the list takes a moment to read."""

    seconds: float
    max_pixels: int
    places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(4))
    """How many may be made at the same time, as each may occupy its thread for all of `seconds`."""

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Take one of the places. Raises Busy, at once, if none is free: who waits for one occupies a thread, too."""
        if not self.places.acquire(blocking=False):
            raise Busy("too many pages are being fetched right now; try again")
        try:
            yield
        finally:
            self.places.release()

    def preview(self, url: str) -> Preview:
        """Return what can be had about `url` in time, nothing if too many previews are being made.

        Raises Forbidden only for what the URL's own text forbids.
        """
        target = self.fetcher.rules.parse(url)
        try:
            with self._turn():
                return self._preview(url, target)
        except Busy:
            return Preview(url)

    def _preview(self, url: str, target: Target) -> Preview:
        deadline = Deadline.after(self.seconds)
        embedded = self._ask(self.providers().endpoint(target), deadline)
        said = self._read(target, deadline)
        if embedded is None and said:
            embedded = self._ask(said.oembed, deadline)
        candidates = list(self._candidates(embedded, said))
        image = self._picture(candidates, deadline)
        candidates = [other for other in candidates if image is None or other.url != image.url]
        return Preview(
            url=canonical.kept(url, said.canonical) if said else url,
            title=(embedded and embedded.title) or (said.title if said else None),
            description=(embedded and embedded.description) or (said.description if said else None),
            keywords=said.keywords if said else None,
            entities=said.entities if said else None,
            image=image.url if image else None,
            image_width=image.width if image else None,
            image_height=image.height if image else None,
            choice_images=tuple(other.url for other in ([image] if image else []) + candidates)[: page.MAX_IMAGES],
            oembed=embedded,
        )

    def check(self, url: str) -> None:
        """Raise Forbidden for a URL whose text alone forbids it."""
        self.fetcher.rules.parse(url)

    def measure(self, url: str) -> pictures.Size:
        """Return the size of the picture at `url`. Raises Forbidden, Unreachable (Busy too) and Unwanted."""
        with self._turn():
            return pictures.measure(url, self.fetcher, self.max_pixels, Deadline.after(self.seconds))

    def picture(self, url: str, max_bytes: int) -> bytes:
        """Return the file at `url`. Raises Forbidden, Unreachable (Busy if too many previews are being made) and
        Unwanted; TooLarge for more than `max_bytes`.
        """
        wanted = Wanted(pictures.HEAD.accept, pictures.HEAD.types, max_bytes)
        with self._turn():
            answer = self.fetcher.get(url, wanted, Deadline.after(self.seconds))
        if len(answer.body) >= max_bytes and not answer.complete:
            raise TooLarge(f"it has more than {max_bytes} bytes")
        if not answer.complete:
            raise Unreachable("it did not come whole in time")
        return answer.body

    def _ask(self, endpoint: str | None, deadline: Deadline) -> OEmbed | None:
        """Return what an oEmbed provider says, None if nothing."""
        if endpoint is None:
            return None
        try:
            said = self.providers().read(self.fetcher.get(endpoint, oembed.WANTED, deadline.part(PAGE_SHARE)))
        except FAILURES:
            return None
        return replace(said, url=self._allowed(said.url)) if said else None

    def _allowed(self, url: str | None) -> str | None:
        """Return a URL that a stranger gave, normalised, or None if it is none that may be fetched."""
        try:
            return self.fetcher.rules.parse(url).url if url else None
        except Forbidden:
            return None

    def _read(self, target: Target, deadline: Deadline) -> Page | None:
        """Return what the page says, None if nothing."""
        try:
            answer = self.fetcher.get(target.url, page.WANTED, deadline.part(PAGE_SHARE))
        except FAILURES:
            return None
        if not answer.mimetype.startswith("image/"):
            return page.read(answer, deadline)
        size = pictures.size_of(answer.body)
        if size is None:
            return None
        name = clean(answer.target.path.partition("?")[0].rpartition("/")[2], MAX_TITLE)
        image = Image(answer.target.url, size.width, size.height)
        return Page(name, None, None, None, (), (image,), None)

    def _candidates(self, embedded: OEmbed | None, said: Page | None) -> Iterator[Image]:
        """Yield the pictures to choose from, best first, those left out that may never be fetched."""
        found = list(said.images) if said else []
        if embedded and embedded.image:
            found.insert(0, Image(embedded.image, embedded.image_width, embedded.image_height))
        seen = set()
        for image in found:
            url = self._allowed(image.url)
            if url and url not in seen:
                seen.add(url)
                yield Image(url, image.width, image.height)

    def _picture(self, candidates: list[Image], deadline: Deadline) -> Image | None:
        """Return the first candidate that is a picture, with its size; taken off the list are those that are not."""
        for image in candidates[:MAX_IMAGES_TRIED]:
            if image.width and image.height:
                return image
            try:
                size = pictures.measure(image.url, self.fetcher, self.max_pixels, deadline.part(PAGE_SHARE))
            except Unreachable:
                return image  # a browser may well have more luck
            except (Forbidden, Unwanted):
                candidates.remove(image)
            else:
                return Image(image.url, size.width, size.height)
        return None
