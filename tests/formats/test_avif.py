"""AVIF: the file stays the same, except bytes that are not part of its picture."""

import struct
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from scapi.formats import cleaning, filetypes, images
from scapi.formats.filetypes import AVIF
from scapi.formats.images import ImageLimits, InvalidImage
from tests import files
from tests.formats import exiftool
from tests.formats.pictures import refusal
from tests.formats.private import PROFILE, SECRET, XMP


def avif(mode: str = "RGB", **options: object) -> bytes:
    picture = files.picture(80, 40, mode=mode)
    if mode == "RGBA":
        picture.putalpha(100)
    return files.saved(picture, "AVIF", quality=90, **options)


def animated() -> bytes:
    more = [files.picture(80, 40, seed=seed) for seed in (9, 30)]
    return files.saved(files.picture(80, 40), "AVIF", save_all=True, append_images=more, duration=50)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def pixels(data: bytes) -> list[bytes]:
    with Image.open(BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


PRIVATE = {
    "exif": avif(exif=files.exif(1, gps=True), icc_profile=PROFILE),
    "xmp": avif(xmp=XMP),
    "transparent": avif("RGBA", exif=files.exif(6, gps=True), xmp=XMP),
    "box": avif() + box(b"uuid", SECRET),
    "second ftyp": avif() + box(b"ftyp", SECRET),
    "more data": avif() + box(b"mdat", SECRET),
    "no box": avif() + SECRET,
    "animated": animated() + box(b"free", SECRET),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_the_picture_stays_and_the_rest_becomes_zeros(name: str) -> None:
    data = PRIVATE[name]
    found = images.inspect(data, AVIF)
    cleaned = cleaning.cleaned(data, AVIF)
    assert SECRET in data or b"Testkamera" in data
    assert SECRET not in cleaned
    assert b"Testkamera" not in cleaned
    assert pixels(cleaned) == pixels(data)
    assert images.inspect(cleaned, AVIF) == found
    assert len(cleaned) == len(data) - (len(SECRET) if name == "no box" else 0)
    assert cleaning.cleaned(cleaned, AVIF) is cleaned
    with Image.open(BytesIO(cleaned)) as image:
        assert image.info.get("icc_profile") == (PROFILE if name == "exif" else None)


def test_exiftool_finds_no_exif_xmp_or_date(tmp_path: Path) -> None:
    served = {name: cleaning.cleaned(data, AVIF) for name, data in PRIVATE.items()}
    found = exiftool.tags(tmp_path, served)
    for tags in found.values():
        private = {tag for tag in exiftool.private(tags) if not tag.startswith(("QuickTime:", "Meta:", "Track1:"))}
        assert not private
    assert not [line for line in exiftool.dates(tmp_path / "animated") if "0000:00:00" not in line]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_by_its_boxes(orientation: int) -> None:
    image = images.inspect(avif(exif=files.exif(orientation)), AVIF)
    size = (40, 80) if orientation >= 5 else (80, 40)
    assert (image.width, image.height) == size
    with Image.open(BytesIO(image.thumbnail.data)) as small:
        corners = [
            files.pixel(small, at) for at in ((5, 5), (size[0] - 6, 5), (size[0] - 6, size[1] - 6), (5, size[1] - 6))
        ]
    shown = {1: "rgwb", 2: "grbw", 3: "wbrg", 4: "bwgr", 5: "rbwg", 6: "brgw", 7: "wgrb", 8: "gwbr"}[orientation]
    colors = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "w": (255, 255, 255)}
    for corner, letter in zip(corners, shown, strict=True):
        assert all(abs(a - b) < 60 for a, b in zip(corner, colors[letter], strict=True))


def test_frames_and_transparency() -> None:
    assert images.inspect(animated(), AVIF).frames == 3
    assert images.inspect(avif("RGBA"), AVIF).thumbnail.mimetype == "image/png"
    assert refusal(animated(), AVIF, ImageLimits(max_frames=2)) == "too_many_frames"


def test_its_size_is_checked_before_it_is_decoded() -> None:
    data = bytearray(avif())
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", 60_000, 60_000)
    assert refusal(bytes(data), AVIF) == "too_many_pixels"


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.99])
def test_a_file_cut_short_is_refused(kept: float) -> None:
    assert refusal(avif(icc_profile=PROFILE)[: int(len(avif(icc_profile=PROFILE)) * kept)], AVIF) == "invalid_image"


@given(st.sampled_from(list(PRIVATE.values())), st.integers(0, 3000), st.binary(max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_refused_or_shows_the_same_picture(data: bytes, position: int, noise: bytes) -> None:
    position %= len(data)
    damaged = data[:position] + noise + data[position + len(noise) :]
    try:
        found = images.inspect(damaged, AVIF)
    except InvalidImage:
        return
    cleaned = cleaning.cleaned(damaged, AVIF)
    assert images.inspect(cleaned, AVIF) == found


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\xff\x0a" + bytes(20), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20), "JPEG XL"),
        (b"BM" + bytes(20), "BMP"),
        (b"II*\0" + bytes(20), "TIFF"),
        (b"MM\0*" + bytes(20), "TIFF"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp42", "videos"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "videos"),
        (b"\x1aE\xdf\xa3" + bytes(20), "videos"),
        (b"RIFF\0\0\0\0AVI LIST", "videos"),
        (b"<!DOCTYPE html><html>", "only JPEG, PNG, GIF, WebP, AVIF"),
    ],
)
def test_each_type_that_people_send_has_a_message_of_its_own(head: bytes, said: str) -> None:
    assert filetypes.sniff(head) is None
    assert said in filetypes.why_not(head)


@pytest.mark.parametrize(
    ("head", "mimetype"),
    [
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", AVIF),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", AVIF),
        (b"\0\0\0\x18ftypavis\0\0\0\0msf1avif", AVIF),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", filetypes.HEIC),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", filetypes.HEIC),
    ],
)
def test_iso_files_are_told_by_their_brands(head: bytes, mimetype: str) -> None:
    assert filetypes.sniff(head) == mimetype
    assert filetypes.is_enough(head)
    assert not filetypes.is_enough(head[:20])
