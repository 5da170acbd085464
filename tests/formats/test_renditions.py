"""Renditions compared with Chromium's view of the file: the same shape, the same colours, nothing private.

The contact sheet, the file and its renditions side by side, is in the folder that pytest keeps for the test.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from scapi.formats import images, renditions
from scapi.formats.filetypes import AVIF, EXTENSIONS, JPEG, PNG, WEBP
from scapi.formats.images import ImageLimits, InvalidImage
from tests import files
from tests.formats import exiftool
from tests.formats.private import SECRET
from tests.formats.test_beside_a_browser import cases, shown

WIDTHS = (320, 640, 1280, 2048)


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, bytes]]:
    """The renditions of files of every kind, half as large, by type."""
    found = {}
    for name, (data, mimetype) in cases().items():
        image = images.inspect(data, mimetype)
        types = (WEBP, image.thumbnail.mimetype, AVIF)
        size = max(1, image.width // 2), max(1, image.height // 2)
        found[name] = dict(zip(types, make(data, mimetype, [size], types), strict=True))
    return found


def make(data: bytes, mimetype: str, sizes: Sequence[renditions.Size], types: Sequence[str]) -> list[bytes]:
    return renditions.make(data, mimetype, sizes, types, ImageLimits())


def test_a_browser_shows_the_same(browser: Browser, tmp_path: Path, made: dict[str, dict[str, bytes]]) -> None:
    originals = cases()
    pictures = {name: [originals[name][::-1], *versions.items()] for name, versions in made.items()}
    answers = shown(browser, pictures, tmp_path / "contact-sheet.png")
    for name, (original, *smaller) in answers.items():
        for version in smaller:
            assert version[:2] == [max(1, original[0] // 2), max(1, original[1] // 2)], name
            assert version[2:] == pytest.approx(original[2:], abs=5), name


def test_exiftool_finds_nothing_that_is_not_allowed(tmp_path: Path, made: dict[str, dict[str, bytes]]) -> None:
    written = {
        f"{name.replace('/', ' ')}{EXTENSIONS[mimetype]}": data
        for name, versions in made.items()
        for mimetype, data in versions.items()
    }
    assert not [name for name, data in written.items() if SECRET in data or b"Testkamera" in data]
    found = exiftool.tags(tmp_path, {name: data for name, data in written.items() if not name.endswith(".avif")})
    allowed = {name: exiftool.private(tags) for name, tags in found.items()}
    assert {name: tags for name, tags in allowed.items() if tags} == {}


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((4000, 3000), [(320, 240), (640, 480), (1280, 960), (2048, 1536)]),
        ((3000, 4000), [(320, 427), (640, 853), (1280, 1707), (2048, 2731)]),
        ((640, 1), [(320, 1), (640, 1)]),
        ((319, 5000), []),
        ((320, 17_000), []),
        ((1300, 12_000), [(320, 2954), (640, 5908)]),
    ],
)
def test_sizes(size: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    assert renditions.sizes(*size, WIDTHS) == sizes


@pytest.mark.parametrize(("repeats", "plays"), [(None, 1), (0, 0), (2, 3)])
def test_an_animation_is_shown_as_long_and_as_often(repeats: int | None, plays: int) -> None:
    frames = [files.picture(64, 48).rotate(turn).convert("P") for turn in (0, 90, 180)]
    options = {} if repeats is None else {"loop": repeats}
    gif = files.saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[50, 70, 90], **options)
    webp, jpeg = make(gif, "image/gif", [(32, 24)], [WEBP, JPEG])
    with Image.open(BytesIO(webp)) as image:
        assert image.info["loop"] == plays
        durations = []
        for number in range(3):
            image.seek(number)
            image.load()
            durations.append(image.info["duration"])
    assert durations == [50, 70, 90]
    with Image.open(BytesIO(jpeg)) as image:
        assert image.size == (32, 24)


def test_an_apng_without_its_default_image_and_a_webp_stay_animated() -> None:
    for data, mimetype in ((files.png(64, 48, frames=3), PNG), (files.webp(64, 48, frames=3), WEBP)):
        webp, avif = make(data, mimetype, [(32, 24)], [WEBP, AVIF])
        for made in (webp, avif):
            with Image.open(BytesIO(made)) as image:
                assert getattr(image, "n_frames", 1) == 3


def test_what_is_broken_or_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidImage):
        make(files.png()[:60], PNG, [(32, 24)], [WEBP])
    monkeypatch.setattr(renditions, "MAX_ANIMATION_PIXELS", 10_000)
    make(files.gif(3, 50, 50), "image/gif", [(32, 32)], [WEBP])
    with pytest.raises(InvalidImage) as refused:
        make(files.gif(5, 50, 50), "image/gif", [(32, 32)], [WEBP])
    assert refused.value.code == "image_too_complex"
