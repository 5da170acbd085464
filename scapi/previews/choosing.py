"""Chooses the picture of a card from the pictures of a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scapi.previews.addresses import Forbidden
from scapi.previews.fetch import Unreachable, Unwanted
from scapi.previews.images import Image, fits, is_large

MAX_TRIED = 8
"""The most candidates to request before giving up."""

MIN_DECLARED = 32
"""A picture with fewer pixels per side is an icon or a tracking pixel, even if the page declares it."""

Measure = Callable[[Image], Image]
"""Returns a candidate with its size, if it has one. Raises Forbidden, Unreachable or Unwanted."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen picture, if any, and the other candidates that may be pictures."""

    image: Image | None
    others: tuple[Image, ...] = ()


def choose(candidates: Sequence[Image], measure: Measure) -> Choice:
    """Return the first candidate that is good enough, else the largest one, else one that could not be fetched."""
    unusable: set[str] = set()
    largest: Image | None = None
    hoped: Image | None = None
    for candidate in candidates[:MAX_TRIED]:
        if hoped is not None and hoped.declared and not candidate.declared:
            break
        try:
            image = candidate if candidate.declared and candidate.width else measure(candidate)
        except Unreachable:
            hoped = hoped or candidate  # a browser may still be able to load it
            continue
        except (Forbidden, Unwanted):
            unusable.add(candidate.url)
            continue
        if not _is_good(image):
            unusable.add(candidate.url)
        elif image.declared or is_large(image.width or 0, image.height or 0):
            largest = image
            break
        elif largest is None or _area(image) > _area(largest):
            largest = image
    chosen = largest or hoped
    others = (other for other in candidates if other.url not in unusable and not (chosen and other.url == chosen.url))
    return Choice(chosen, tuple(others))


def larger_first(one: Image, other: Image, measure: Measure) -> list[Image]:
    """Return two candidates, the wider one first; `one` first if that is unknown."""
    found = []
    for image in (one, other):
        try:
            found.append(image if image.width else measure(image))
        except (Forbidden, Unreachable, Unwanted):
            found.append(image)
    return sorted(found, key=lambda image: -(image.width or 0))


def _is_good(image: Image) -> bool:
    if image.declared:
        return all(side is None or side >= MIN_DECLARED for side in (image.width, image.height))
    return image.width is not None and image.height is not None and fits(image.width, image.height)


def _area(image: Image) -> int:
    return (image.width or 0) * (image.height or 0)
