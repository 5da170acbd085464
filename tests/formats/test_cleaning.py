"""A file without its metadata: the picture is unchanged."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageOps, ImageSequence

from scapi.formats import cleaning, images
from tests import files
from tests.formats import exiftool, private
from tests.formats.private import PROFILE, SECRET, every_kind

PLAIN = {
    "image/jpeg": (files.jpeg(), private.with_jpeg_segments, private.jpeg_segments()),
    "image/png": (files.png(), private.with_png_chunks, private.png_chunks()),
    "image/gif": (files.gif(2), private.with_gif_blocks, private.gif_blocks()),
    "image/webp": (files.webp(), private.with_webp_chunks, private.webp_chunks()),
}


def looks(data: bytes) -> list[object]:
    """The file as a viewer shows it: upright frames and their durations; profile, loop."""
    with Image.open(BytesIO(data)) as image:
        # A viewer shows the first image of an MPO.
        frames = [image] if image.format in ("JPEG", "MPO") else list(ImageSequence.Iterator(image))
        shown = [(frame.info.get("duration"), frame.convert("RGBA").tobytes()) for frame in frames]
        image.seek(0)
        orientation = image.getexif().get(0x0112, 1) if image.format != "WEBP" else 1
        return [image.size, orientation, image.info.get("icc_profile"), image.info.get("loop"), *shown]


@pytest.mark.parametrize("name", every_kind())
def test_nothing_private_stays_and_the_picture_does(name: str) -> None:
    data, mimetype = every_kind()[name]
    cleaned = cleaning.cleaned(data, mimetype)
    assert SECRET in data
    assert SECRET not in cleaned
    assert b"Testkamera" not in cleaned
    assert looks(cleaned) == looks(data)
    assert images.inspect(cleaned, mimetype) == images.inspect(data, mimetype)
    assert cleaning.cleaned(cleaned, mimetype) is cleaned


def test_exiftool_finds_nothing_that_is_not_allowed(tmp_path: Path) -> None:
    served: dict[str, bytes] = {}
    for name, (data, mimetype) in every_kind().items():
        served[name] = cleaning.cleaned(data, mimetype)
        served[f"{name} thumbnail"] = images.inspect(data, mimetype).thumbnail.data
    for iso in (False, True):
        served[f"hdr {iso}"] = cleaning.cleaned(private.ultra_hdr(xmp=not iso, iso=True), "image/jpeg")
    found = exiftool.tags(tmp_path, served)
    assert set(found) == set(served)
    assert {name: exiftool.private(tags) for name, tags in found.items() if exiftool.private(tags)} == {}


def test_exiftool_would_find_it(tmp_path: Path) -> None:
    found = exiftool.tags(tmp_path, {name: data for name, (data, _) in every_kind().items()})
    assert all(exiftool.private(tags) for tags in found.values())


@pytest.mark.parametrize(
    ("mimetype", "name"), [(mimetype, name) for mimetype, (_, _, parts) in PLAIN.items() for name in parts]
)
def test_each_part_goes_by_itself(mimetype: str, name: str) -> None:
    plain, with_parts, parts = PLAIN[mimetype]
    cleaned = cleaning.cleaned(with_parts(plain, [parts[name]]), mimetype)
    assert SECRET not in cleaned
    if name not in ("EXIF", "loop and more"):
        assert cleaned == plain


@pytest.mark.parametrize("mimetype", PLAIN)
def test_what_comes_behind_the_end_goes(mimetype: str) -> None:
    plain = PLAIN[mimetype][0]
    for trailer in (b"\0", private.VIDEO, files.jpeg(gps=True)):
        assert cleaning.cleaned(plain + trailer, mimetype) == plain


@pytest.mark.parametrize(
    ("data", "mimetype"),
    [
        (files.jpeg(), "image/jpeg"),
        (files.jpeg(dpi=(300, 300), icc_profile=PROFILE, progressive=True), "image/jpeg"),
        (files.saved(Image.new("CMYK", (9, 9)), "JPEG"), "image/jpeg"),
        (files.png(dpi=(300, 300), icc_profile=PROFILE), "image/png"),
        (files.png(frames=3), "image/png"),
        (files.gif(3), "image/gif"),
        (files.webp(icc_profile=PROFILE), "image/webp"),
        (files.webp(lossless=True, mode="RGBA"), "image/webp"),
        (files.webp(frames=3), "image/webp"),
    ],
)
def test_a_file_with_nothing_to_remove_comes_back_as_it_is(data: bytes, mimetype: str) -> None:
    assert cleaning.cleaned(data, mimetype) is data


@pytest.mark.parametrize("make", [files.jpeg, files.png])
def test_orientation_and_resolution_are_all_that_stays_of_exif(make: Callable[..., bytes]) -> None:
    metadata = files.exif(6, gps=True)
    metadata[0x011A], metadata[0x011B], metadata[0x0128] = 300.0, 299.5, 2
    data = make(exif=metadata)
    mimetype = "image/jpeg" if make is files.jpeg else "image/png"
    with Image.open(BytesIO(cleaning.cleaned(data, mimetype))) as image:
        assert dict(image.getexif()) == {0x0112: 6, 0x011A: 300, 0x011B: 299.5, 0x0128: 2}
        assert ImageOps.exif_transpose(image).size == (48, 64)


def test_colour_chunks_of_a_png_stay() -> None:
    chunks = {
        b"gAMA": struct.pack(">I", 100_000),
        b"cHRM": struct.pack(">8I", *range(8)),
        b"cICP": bytes([12, 16, 0, 1]),
        b"pHYs": struct.pack(">IIB", 1000, 1000, 1),
        b"bKGD": bytes(6),
    }
    data = private.with_png_chunks(files.png(), [kind + body for kind, body in chunks.items()])
    assert cleaning.cleaned(data, "image/png") is data


def test_an_ancillary_chunk_with_a_wrong_checksum_goes() -> None:
    plain = files.png()
    chunk = bytearray(files.png_chunk(b"gAMA", struct.pack(">I", 100_000)))
    chunk[-1] ^= 1
    data = plain[:33] + bytes(chunk) + plain[33:]
    assert images.inspect(data, "image/png") == images.inspect(plain, "image/png")
    assert cleaning.cleaned(data, "image/png") == plain


def test_frames_that_no_viewer_shows_go() -> None:
    """Frames without a control chunk before them are not part of an animation."""
    hidden = b"fdAT" + struct.pack(">I", 0) + zlib.compress(SECRET)
    assert cleaning.cleaned(private.with_png_chunks(files.png(), [hidden]), "image/png") == files.png()
