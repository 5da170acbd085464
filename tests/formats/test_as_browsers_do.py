"""Files that browsers show, and how they show them; files that no browser shows."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from scapi.formats import cleaning, images
from scapi.formats.outlines import MAX_ICC_PROFILE_BYTES
from tests import files
from tests.formats import private
from tests.formats.pictures import refusal

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# sRGB with the columns of red and green exchanged: stored red means green.
EXCHANGED = PROFILE.replace(b"rXYZ", b"tmp0").replace(b"gXYZ", b"rXYZ").replace(b"tmp0", b"gXYZ")


def thumbnail(data: bytes, mimetype: str) -> Image.Image:
    image = Image.open(BytesIO(images.inspect(data, mimetype).thumbnail.data))
    image.load()
    return image


def png(width: int, height: int, bits: int, colour: int, pixels: bytes, *chunks: bytes) -> bytes:
    """A PNG byte for byte: `pixels` without filters, further chunks with their type in front."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    stride = len(pixels) // height
    rows = b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride))
    made = [b"IHDR" + header, *chunks, b"IDAT" + zlib.compress(rows), b"IEND"]
    return files.PNG_SIGNATURE + b"".join(files.png_chunk(chunk[:4], chunk[4:]) for chunk in made)


def test_the_exif_of_a_webp_does_not_turn_it() -> None:
    plain, turned = files.webp(80, 40), files.webp(80, 40, exif_orientation=6)
    assert images.inspect(turned, "image/webp") == images.inspect(plain, "image/webp")


def test_exif_behind_the_pixels_of_a_png_does_not_turn_it() -> None:
    plain = files.png(80, 40)
    chunk = files.png_chunk(b"eXIf", files.exif(6).tobytes().removeprefix(b"Exif\0\0"))
    late = plain[:-12] + chunk + plain[-12:]
    assert images.inspect(late, "image/png") == images.inspect(plain, "image/png")
    assert cleaning.cleaned(late, "image/png") == plain


def test_exif_behind_the_first_scan_of_a_jpeg_does_not_turn_it() -> None:
    data = files.jpeg(80, 40)
    segment = b"\xff\xe1" + (len(files.exif(6).tobytes()) + 2).to_bytes(2) + files.exif(6).tobytes()
    assert images.inspect(data[:-2] + segment + data[-2:], "image/jpeg") == images.inspect(data, "image/jpeg")


@pytest.mark.parametrize("body", [b"", b"JFIF\0", b"JFIF\0\1\1"])
def test_a_jfif_segment_that_is_too_short_is_ignored(body: bytes) -> None:
    data = files.jpeg()
    without = data[:2] + data[20:]
    broken = files.with_jpeg_segment(without, 0xE0, body)
    assert images.inspect(broken, "image/jpeg") == images.inspect(data, "image/jpeg")
    assert cleaning.cleaned(broken, "image/jpeg") == without


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_a_jpeg_with_a_coding_that_no_browser_knows_is_refused(marker: int) -> None:
    data = files.jpeg().replace(b"\xff\xc0", bytes([0xFF, marker]))
    assert refusal(data, "image/jpeg") == "invalid_image"


def test_a_jpeg_of_twelve_bits_is_refused() -> None:
    assert refusal(files.jpeg().replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), "image/jpeg") == "invalid_image"


@pytest.mark.parametrize("colours", [[], [b""], [bytes(3), bytes(3)], [bytes(257 * 3)], [bytes(4)]])
def test_a_png_without_one_palette_of_the_right_size_is_refused(colours: list[bytes]) -> None:
    palettes = [b"PLTE" + colour for colour in colours]
    assert refusal(png(8, 8, 8, 3, bytes(64), *palettes), "image/png") == "invalid_image"
    assert images.inspect(png(8, 8, 8, 3, bytes(64), b"PLTE" + bytes(768)), "image/png").thumbnail.color == "#000000"


def test_a_png_with_a_critical_chunk_that_nobody_knows_is_refused() -> None:
    assert refusal(files.with_png_chunk(files.png(), b"CgBI", bytes(4)), "image/png") == "invalid_image"


def test_an_icc_profile_larger_than_a_megabyte_is_taken_and_applied() -> None:
    large = EXCHANGED + bytes(1024 * 1024 + 500_000)
    red = Image.new("RGB", (50, 50), (255, 0, 0))
    data = files.with_png_chunk(files.saved(red, "PNG"), b"iCCP", b"name\0\0" + zlib.compress(large))
    assert thumbnail(data, "image/png").getpixel((9, 9))[1] > 240
    huge = zlib.compress(EXCHANGED + bytes(MAX_ICC_PROFILE_BYTES))
    ignored = files.with_png_chunk(files.saved(red, "PNG"), b"iCCP", b"name\0\0" + huge)
    assert thumbnail(ignored, "image/png").getpixel((9, 9))[0] > 240
    assert cleaning.cleaned(data, "image/png") is data


@pytest.mark.parametrize(
    ("gamma", "more", "expected"),
    [(100_000, [], 188), (45_455, [], 128), (100_000, [b"sRGB\0"], 128), (0, [], 128), (22_727, [], 62)],
)
def test_the_gamma_of_a_png_is_heeded(gamma: int, more: list[bytes], expected: int) -> None:
    chunk = b"gAMA" + struct.pack(">I", gamma)
    for colour, size in ((0, 1), (2, 3), (6, 4)):
        data = png(9, 9, 8, colour, b"\x80" * (81 * size), chunk, *more)
        shown = thumbnail(data, "image/png").convert("RGBA").getpixel((4, 4))
        assert all(abs(band - expected) <= 3 for band in shown[:3])
        assert shown[3] == (128 if colour == 6 else 255)


_P3 = (12, 13)
CHRM = struct.pack(">8I", 34570, 35850, 73470, 26530, 11500, 82600, 15700, 1800)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"cICP" + bytes([*_P3, 0, 1])], (215, 93, 31)),
        ([b"cICP" + bytes([*_P3, 0, 1]), b"sRGB\0"], (215, 93, 31)),
        ([b"cICP" + bytes([1, 13, 0, 1])], (200, 100, 50)),
        ([b"cICP" + bytes([99, 99, 0, 1])], (200, 100, 50)),
        ([b"gAMA" + struct.pack(">I", 45_455), b"cHRM" + CHRM], (250, 58, 33)),
        ([b"cHRM" + CHRM], (200, 100, 50)),
        ([b"gAMA" + struct.pack(">I", 45_455), b"cHRM" + bytes(32)], (200, 100, 50)),
    ],
)
def test_colours_that_a_png_names_by_numbers(chunks: list[bytes], expected: tuple[int, ...]) -> None:
    """The expected colours are those that Chromium shows."""
    small = thumbnail(png(32, 32, 8, 2, bytes([200, 100, 50]) * 1024, *chunks), "image/png")
    shown = files.pixel(small, (9, 9))
    assert all(abs(a - b) <= 4 for a, b in zip(shown, expected, strict=True))


def test_gamma_of_a_grey_png_with_primaries_is_heeded() -> None:
    chunks = [b"gAMA" + struct.pack(">I", 100_000), b"cHRM" + CHRM]
    small = thumbnail(png(9, 9, 8, 0, b"\x80" * 81, *chunks), "image/png").convert("RGB")
    assert all(abs(band - 188) <= 3 for band in files.pixel(small, (4, 4)))


def test_grey_of_sixteen_bits_with_a_transparent_colour() -> None:
    half = struct.pack(">H", 0x8000) * 40 + struct.pack(">H", 0x8001) * 40
    small = thumbnail(png(10, 8, 16, 0, half, b"tRNS" + struct.pack(">H", 0x8001)), "image/png")
    assert small.getpixel((5, 1)) == (128, 128, 128, 255)
    assert small.getpixel((5, 6))[3] == 0


def test_colours_of_sixteen_bits_with_a_transparent_one() -> None:
    half = struct.pack(">3H", 0x8000, 0x1000, 0x2000) * 40 + struct.pack(">3H", 0xF000, 0, 0) * 40
    small = thumbnail(png(10, 8, 16, 2, half, b"tRNS" + struct.pack(">3H", 0xF000, 0, 0)), "image/png")
    assert small.getpixel((5, 1)) == (0x80, 0x10, 0x20, 255)
    assert small.getpixel((5, 6))[3] == 0


@pytest.mark.parametrize("background", [0, 1])
def test_around_a_gif_frame_smaller_than_its_canvas_nothing_is_shown(background: int) -> None:
    data = bytearray(files.saved(Image.new("P", (20, 10), 1), "GIF"))
    struct.pack_into("<HH", data, 6, 60, 40)
    data[11] = background
    frame = data.index(b",\0\0\0\0\x14\0\x0a\0")
    struct.pack_into("<HH", data, frame + 1, 30, 20)
    image = images.inspect(bytes(data), "image/gif")
    assert (image.width, image.height) == (60, 40)
    small = thumbnail(bytes(data), "image/gif")
    assert small.mode == "RGBA"
    assert small.getpixel((40, 25))[3] == 255
    assert [small.getpixel(at)[3] for at in ((0, 0), (59, 39), (28, 25), (40, 18))] == [0, 0, 0, 0]


@pytest.mark.parametrize("frames", [1, 2])
def test_the_first_frame_that_a_browser_shows_makes_the_thumbnail(frames: int) -> None:
    red, *shown = (Image.new("RGB", (30, 20), colour) for colour in ("red", "lime", "blue"))
    data = files.saved(red, "PNG", save_all=True, default_image=True, append_images=shown[:frames], duration=40)
    image = images.inspect(data, "image/png")
    assert image.frames == frames
    assert image.thumbnail.color == "#00ff00"


def test_whatever_follows_a_gifs_frames_and_is_no_block_ends_it() -> None:
    data = files.gif(3)
    assert images.inspect(data[:-1] + b"\0\0junk", "image/gif") == images.inspect(data, "image/gif")
    assert cleaning.cleaned(data[:-1] + private.SECRET, "image/gif") == data[:-1]
