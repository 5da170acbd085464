"""HEIC: decoded in a process of its own, and served as a JPEG."""

import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from scapi.formats import filetypes
from scapi.formats.filetypes import HEIC
from scapi.inspection import questions, sources
from scapi.inspection.facts import ImageFacts
from scapi.inspection.outcomes import Verdict
from scapi.inspection.room import Room
from scapi.refusals import Refused
from scapi.uploads import rules
from tests import files
from tests.formats import exiftool
from tests.formats.heics import encoded, heic
from tests.formats.private import PROFILE, SECRET


def inspect(data: bytes, max_pixels: int = 1_000_000, *, strip: bool = True) -> ImageFacts:
    question = questions.about_image(sources.of_bytes(data), HEIC, max_pixels=max_pixels, strip=strip)
    with Room(threads=4).entered("somebody") as visit:
        return visit.facts(question)


def refusal(data: bytes, max_pixels: int = 1_000_000) -> str:
    with pytest.raises(Verdict) as caught:
        inspect(data, max_pixels)
    assert caught.value.message
    return caught.value.code


def jpeg(found: ImageFacts) -> Image.Image:
    assert found.served
    image = Image.open(BytesIO(found.served), formats=["JPEG"])
    image.load()
    return image


@pytest.mark.parametrize("tile", [0, 64])
@pytest.mark.parametrize("orientation", [1, 6, 3, 2])
def test_it_is_served_as_an_upright_jpeg_without_metadata(tile: int, orientation: int, tmp_path: Path) -> None:
    data = heic(orientation=orientation, tile=tile)
    assert filetypes.sniff(data) == HEIC
    assert (b"grid" in data) == bool(tile)
    found = inspect(data)
    size = (80, 120) if orientation == 6 else (120, 80)
    image = jpeg(found)
    assert (found.width, found.height) == image.size == size
    assert image.info["progressive"]
    corners = {1: "red", 6: "blue", 3: "white", 2: "lime"}
    expected = Image.new("RGB", (1, 1), corners[orientation])
    assert all(
        abs(a - b) < 40 for a, b in zip(files.pixel(image, (10, 10)), files.pixel(expected, (0, 0)), strict=True)
    )
    assert found.served
    assert SECRET not in found.served
    assert not exiftool.private(exiftool.tags(tmp_path, {"served": found.served})["served"])
    assert found.thumbnail.mimetype == "image/jpeg"


def test_its_colour_profile_stays() -> None:
    assert jpeg(inspect(heic(icc_profile=PROFILE))).info["icc_profile"] == PROFILE


def test_colours_that_are_named_by_numbers_become_those_of_srgb() -> None:
    picture = Image.new("RGB", (64, 64), (200, 100, 50))
    named = encoded(
        [picture], color_primaries=12, transfer_characteristics=13, matrix_coefficients=6, full_range_flag=1
    )
    shown = jpeg(inspect(named))
    assert "icc_profile" not in shown.info
    # Display P3 as Chromium shows it
    assert all(abs(a - b) <= 4 for a, b in zip(files.pixel(shown, (30, 30)), (215, 93, 31), strict=True))


def test_what_is_transparent_becomes_white() -> None:
    assert min(files.pixel(jpeg(inspect(heic(mode="RGBA"))), (10, 10))) > 245


def test_of_several_images_the_primary_one_counts() -> None:
    data = encoded([files.picture(90, 60, seed=1), files.picture(120, 80)])
    assert jpeg(inspect(data)).size == (120, 80)


def test_it_is_served_as_a_jpeg_also_where_metadata_is_not_removed() -> None:
    assert jpeg(inspect(heic(), strip=False)).size == (120, 80)


@pytest.mark.parametrize("tile", [0, 64])
def test_its_size_is_checked_before_it_is_decoded(tile: int) -> None:
    assert refusal(heic(tile=tile), 9_000) == "too_many_pixels"
    data = heic()
    at = data.index(b"ispe") + 8
    lying = data[:at] + struct.pack(">II", 60, 40) + data[at + 8 :]
    assert refusal(lying) == "invalid_image"


def test_tiles_that_do_not_make_up_the_picture_are_refused() -> None:
    data = heic(tile=64)
    # version, flags, rows - 1, columns - 1, width, height
    at = data.index(struct.pack(">BBBBHH", 0, 0, 1, 1, 120, 80))
    for rows, columns, width, height in ((2, 1, 120, 80), (255, 255, 120, 80), (1, 1, 60, 80), (1, 1, 9999, 9999)):
        lying = data[:at] + struct.pack(">BBBBHH", 0, 0, rows, columns, width, height) + data[at + 8 :]
        assert refusal(lying) == "invalid_image"


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused(kept: float) -> None:
    data = heic()
    assert refusal(data[: int(len(data) * kept)]) == "invalid_image"


def test_without_a_decoder_it_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filetypes, "has_heic_decoder", lambda: False)
    with pytest.raises(Refused, match="no decoder") as caught:
        rules.check_type(heic()[:1000])
    assert caught.value.code == "unsupported_file_type"
    assert HEIC not in [one.mimetype for one in filetypes.taken()]
