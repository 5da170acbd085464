"""The choice of a card's picture."""

import pytest

from scapi.previews.choosing import choose, larger_first
from scapi.previews.fetch import Unreachable, Unwanted
from scapi.previews.images import Image

SIZES: dict[str, tuple[int, int] | Exception | None] = {
    "photo": (640, 480),
    "small": (150, 120),
    "medium": (250, 180),
    "icon": (16, 16),
    "pixel": (1, 1),
    "banner": (728, 90),
    "vector": None,
    "page": Unwanted("no picture"),
    "away": Unreachable("no answer"),
}


def measure(image: Image) -> Image:
    size = SIZES[image.url.rstrip("0123456789")]
    if isinstance(size, Exception):
        raise size
    return Image(image.url, size[0] if size else None, size[1] if size else None, declared=image.declared)


def chosen(shown: str, declared: str = "") -> str | None:
    candidates = [Image(url, declared=True) for url in declared.split()] + [Image(url) for url in shown.split()]
    found = choose(candidates, measure)
    return found.image.url if found.image else None


@pytest.mark.parametrize(
    ("shown", "declared", "expected"),
    [
        ("photo", "", "photo"),
        ("pixel icon page banner photo", "", "photo"),
        ("small medium photo", "", "photo"),
        ("small medium icon", "", "medium"),
        ("pixel", "", None),
        ("vector", "", None),
        ("away", "", "away"),
        ("away small", "", "small"),
        ("photo", "small", "small"),
        ("photo", "banner", "banner"),
        ("photo", "vector", "vector"),
        ("photo", "page pixel icon", "photo"),
        ("photo", "away", "away"),
        ("photo", "away medium", "medium"),
        ("page0 page1 page2 page3 page4 page5 page6 page7 photo", "", None),
    ],
)
def test_the_picture_of_a_card(shown: str, declared: str, expected: str | None) -> None:
    assert chosen(shown, declared) == expected


def test_what_is_no_picture_is_not_offered() -> None:
    found = choose([Image(url) for url in ("page", "icon", "small", "photo", "medium")], measure)
    assert found.image
    assert [image.url for image in (found.image, *found.others)] == ["photo", "small", "medium"]


def test_a_size_that_the_page_gives_is_believed() -> None:
    assert choose([Image("page", 1200, 630, declared=True)], measure).image == Image("page", 1200, 630)


@pytest.mark.parametrize(
    ("thumbnail", "declared", "first"),
    [("small", "photo", "photo"), ("photo", "small", "photo"), ("small", "away", "small"), ("page", "page", "page")],
)
def test_the_larger_one_of_two_goes_first(thumbnail: str, declared: str, first: str) -> None:
    assert larger_first(Image(thumbnail), Image(declared), measure)[0].url == first


@pytest.mark.parametrize(("before", "expected"), [(6, "photo"), (7, "photo"), (8, None)])
def test_eight_candidates_are_tried(before: int, expected: str | None) -> None:
    assert chosen(" ".join([*(f"page{number}" for number in range(before)), "photo"])) == expected


@pytest.mark.parametrize(("width", "height", "is_good"), [(31, 32, False), (32, 31, False), (32, 32, True)])
def test_the_smallest_declared_picture(width: int, height: int, is_good: bool) -> None:
    found = choose([Image("a", declared=True)], lambda image: Image(image.url, width, height, declared=True))
    assert (found.image is not None) == is_good


def test_the_first_of_two_as_large_as_each_other() -> None:
    assert chosen("small1 small2 icon") == "small1"


def test_after_a_picture_that_is_good_enough_nothing_is_asked() -> None:
    asked: list[str] = []

    def ask(image: Image) -> Image:
        asked.append(image.url)
        return measure(image)

    choose([Image("photo"), Image("medium")], ask)
    assert asked == ["photo"]
    asked.clear()
    choose([Image("away", declared=True), Image("photo")], ask)
    assert asked == ["away"]
