import random
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from scapi.formats import images
from tests import files
from tests.formats.pictures import FRAMES, WHOLE_FILES, refusal


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_whole_file_is_described_with_its_thumbnail(name: str) -> None:
    data, mimetype = WHOLE_FILES[name]
    image = images.inspect(data, mimetype)
    with Image.open(BytesIO(data)) as expected:
        assert (image.width, image.height) == expected.size
    assert image.frames == FRAMES.get(name, 1)
    small = image.thumbnail
    assert small.mimetype == "image/jpeg"
    assert opened(small.data).size == (small.width, small.height)
    assert max(small.width, small.height) == min(400, image.width)
    # The average of noise is grey.
    assert all(abs(band - 127) <= 4 for band in bytes.fromhex(small.color.removeprefix("#")))


@pytest.mark.parametrize("name", WHOLE_FILES)
@pytest.mark.parametrize("cut", ["3 bytes", "8 bytes", "1 %", "10 %", "50 %", "99 %"])
def test_a_file_cut_short_is_refused(name: str, cut: str) -> None:
    data, mimetype = WHOLE_FILES[name]
    number, unit = cut.split()
    missing = int(number) * len(data) // 100 if unit == "%" else int(number)
    assert refusal(data[:-missing], mimetype) == "invalid_image"


@pytest.mark.parametrize("name", WHOLE_FILES)
@pytest.mark.parametrize("missing", [1, 2])
def test_only_what_says_that_the_file_ends_may_be_missing(name: str, missing: int) -> None:
    """EOI of a JPEG; the trailer of a GIF and the end of its last frame's data; the padding of a WebP."""
    data, mimetype = WHOLE_FILES[name]
    if mimetype in ("image/jpeg", "image/gif") or (name, missing) == ("webp-lossless", 1):
        assert images.inspect(data[:-missing], mimetype) == images.inspect(data, mimetype)
    else:
        assert refusal(data[:-missing], mimetype) == "invalid_image"


@pytest.mark.parametrize("scan", [1, 2, -1])
def test_a_jpeg_without_its_last_scans_and_its_end_is_refused(scan: int) -> None:
    data = files.jpeg(90, 70, noise=True, progressive=True)
    starts = [start for start in range(len(data)) if data[start : start + 2] == b"\xff\xda"]
    # A scan's tables come before it.
    end = data.rindex(b"\xff\xc4", 0, starts[scan])
    assert refusal(data[:end], "image/jpeg") == "invalid_image"


@pytest.mark.parametrize("mimetype", ["image/jpeg", "image/png", "image/gif", "image/webp"])
@pytest.mark.parametrize(
    "beginning",
    [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"RIFF\0\1\0\0WEBPVP8 "],
)
def test_a_header_on_garbage_is_refused(mimetype: str, beginning: bytes) -> None:
    for seed in range(5):
        assert refusal(beginning + random.Random(seed).randbytes(seed * 300), mimetype) == "invalid_image"


def test_another_type_than_it_is_said_to_be_is_refused() -> None:
    for data, real in WHOLE_FILES.values():
        for claimed in {"image/jpeg", "image/png", "image/gif", "image/webp"} - {real}:
            assert refusal(data, claimed) == "invalid_image"
    with pytest.raises(KeyError):
        images.inspect(b"<svg/>", "image/svg+xml")


def test_a_wrong_checksum_in_a_png_is_refused() -> None:
    data = files.png(noise=True)
    for position in (20, len(data) // 2, len(data) - 14):  # IHDR, IDAT and the part after it
        damaged = bytearray(data)
        damaged[position] ^= 1
        assert refusal(bytes(damaged), "image/png") == "invalid_image"


def test_pixels_that_do_not_decode_are_refused() -> None:
    header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    for pixels in (b"not zlib", zlib.compress(bytes(10 * 31))[:-6], b""):
        data = files.PNG_SIGNATURE + b"".join(
            files.png_chunk(*chunk) for chunk in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        )
        assert refusal(data, "image/png") == "invalid_image"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("make", "mimetype"), [(files.jpeg, "image/jpeg"), (files.png, "image/png")])
def test_size_and_thumbnail_are_upright(orientation: int, make: Callable[..., bytes], mimetype: str) -> None:
    image = images.inspect(make(80, 40, exif_orientation=orientation), mimetype)
    size = (40, 80) if orientation >= 5 else (80, 40)
    assert (image.width, image.height) == size
    small = opened(image.thumbnail.data)
    assert small.size == size
    # The shown places of the stored picture's corners, clockwise from the upper left (Exif 3.0, 4.6.5.1.6).
    shown = {1: "rgwb", 2: "grbw", 3: "wbrg", 4: "bwgr", 5: "rbwg", 6: "brgw", 7: "wgrb", 8: "gwbr"}[orientation]
    colors = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "w": (255, 255, 255)}
    right, bottom = size[0] - 6, size[1] - 6
    for corner, letter in zip([(5, 5), (right, 5), (right, bottom), (5, bottom)], shown, strict=True):
        assert all(abs(a - b) < 60 for a, b in zip(files.pixel(small, corner), colors[letter], strict=True)), letter


def test_transparency_makes_a_png_and_its_absence_a_jpeg() -> None:
    image = files.picture(64, 48, mode="RGBA")
    opaque = images.inspect(files.saved(image, "PNG"), "image/png").thumbnail
    assert opaque.mimetype == "image/jpeg"
    image.putalpha(100)
    clear = images.inspect(files.saved(image, "PNG"), "image/png").thumbnail
    assert clear.mimetype == "image/png"
    assert opened(clear.data).getpixel((5, 5)) == (255, 0, 0, 100)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_a_png_gives_a_thumbnail_of_the_same_colour(mode: str) -> None:
    image = Image.new("RGB", (50, 50), (128, 128, 128)).convert(mode)
    assert images.inspect(files.saved(image, "PNG"), "image/png").thumbnail.color == "#808080"


def test_one_bit_and_sixteen_bit_pngs() -> None:
    white = Image.new("1", (50, 50), 1)
    assert images.inspect(files.saved(white, "PNG"), "image/png").thumbnail.color == "#ffffff"
    grey = Image.frombytes("I;16", (50, 50), b"\x00\x80" * 2500)
    assert images.inspect(files.saved(grey, "PNG"), "image/png").thumbnail.color == "#808080"


def test_cmyk_becomes_rgb() -> None:
    data = files.saved(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG", quality=95)
    small = images.inspect(data, "image/jpeg").thumbnail
    assert opened(small.data).mode == "RGB"
    red, green, blue = bytes.fromhex(small.color[1:])
    assert red > 240
    assert green < 15
    assert blue < 15


def test_an_icc_profile_is_applied_and_a_broken_one_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # sRGB with the columns of red and green exchanged: stored red means green.
    exchanged = srgb.replace(b"rXYZ", b"tmp0").replace(b"gXYZ", b"rXYZ").replace(b"tmp0", b"gXYZ")
    red = Image.new("RGB", (50, 50), (255, 0, 0))
    for profile, expected in ((None, 0), (srgb, 0), (exchanged, 1), (b"no profile", 0), (lab.tobytes(), 0)):
        small = images.inspect(files.saved(red, "JPEG", icc_profile=profile), "image/jpeg").thumbnail
        bands = bytes.fromhex(small.color[1:])
        assert bands[expected] > 240
        assert bands[1 - expected] < 40
        assert "icc_profile" not in opened(small.data).info


def test_a_thumbnail_is_never_larger_than_its_image_and_never_empty() -> None:
    for size in ((1, 1), (3, 2), (5000, 1), (1, 5000)):
        small = images.inspect(files.saved(Image.new("RGB", size), "PNG"), "image/png").thumbnail
        assert 1 <= small.width <= min(400, size[0])
        assert 1 <= small.height <= min(400, size[1])


def test_an_mpo_is_the_jpeg_that_it_begins_with() -> None:
    image = images.inspect(files.mpo(80, 60), "image/jpeg")
    assert (image.width, image.height, image.frames) == (80, 60, 1)
