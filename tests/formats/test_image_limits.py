"""Limits of an image: pixels, frames, metadata, memory."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO

import pytest
from PIL import Image

from scapi.formats import images, outlines
from scapi.formats.images import ImageLimits
from tests import files
from tests.formats import private
from tests.formats.pictures import FRAMES, WHOLE_FILES, refusal

MIB = 1024 * 1024


def test_bombs_are_refused_by_their_header() -> None:
    gif = bytearray(files.gif())
    frame = gif.index(b",", 13 + 3 * 2 ** ((gif[10] & 7) + 1))
    gif[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    webp = bytearray(files.webp(64, 48, exif_orientation=6))
    webp[24:30] = b"\xff\x3f\x00\xff\x3f\x00"
    jpeg = bytearray(files.jpeg())
    sof = jpeg.index(b"\xff\xc0")
    jpeg[sof + 5 : sof + 9] = b"\xff\xff\xff\xff"
    assert len(files.png_bomb()) < 400_000
    for data, mimetype in (
        (files.png_bomb(), "image/png"),
        (bytes(gif), "image/gif"),
        (bytes(webp), "image/webp"),
        (bytes(jpeg), "image/jpeg"),
    ):
        assert refusal(data, mimetype) == "too_many_pixels"


def test_the_bomb_is_a_valid_image_when_it_is_small() -> None:
    assert images.inspect(files.png_bomb(1000, 2000), "image/png").height == 2000


def test_a_later_gif_frame_beyond_the_screen_counts_but_is_not_shown() -> None:
    data = bytearray(files.gif(2, 64, 48, noise=True))
    frame = data.rindex(b",\0\0\0\0\x40\0\x30\0")
    data[frame + 1 : frame + 5] = struct.pack("<HH", 10, 10)
    image = images.inspect(bytes(data), "image/gif")
    assert (image.width, image.height, image.frames) == (64, 48, 2)
    data[frame + 1 : frame + 5] = b"\xff\xff\xff\xff"
    assert refusal(bytes(data), "image/gif") == "too_many_pixels"


@pytest.mark.parametrize("name", FRAMES)
def test_frames_and_their_pixels_are_limited(name: str) -> None:
    data, mimetype = WHOLE_FILES[name]
    exact = ImageLimits(max_pixels=60_000, max_frames=3, max_animation_pixels=180_000)
    assert images.inspect(data, mimetype, exact).frames == 3
    assert refusal(data, mimetype, ImageLimits(max_frames=2)) == "too_many_frames"
    assert refusal(data, mimetype, ImageLimits(max_animation_pixels=179_999)) == "too_many_pixels"
    assert refusal(data, mimetype, ImageLimits(max_pixels=59_999)) == "too_many_pixels"


def test_absurdly_many_frames_are_refused() -> None:
    data = files.gif(2)
    second = data.rindex(b"!\xf9")
    many = data[:second] + data[second:-1] * 5000 + b";"
    assert refusal(many, "image/gif") == "too_many_frames"
    apng = files.with_png_chunk(files.png(), b"acTL", struct.pack(">II", 2**31 - 1, 0))
    assert refusal(apng, "image/png") == "too_many_frames"


def test_an_apng_with_fewer_frames_than_it_says_is_refused_and_an_invalid_one_is_a_png() -> None:
    claims_two = files.with_png_chunk(files.png(), b"acTL", struct.pack(">II", 2, 0))
    assert refusal(claims_two, "image/png") == "invalid_image"
    claims_none = files.with_png_chunk(files.png(), b"acTL", struct.pack(">II", 0, 0))
    assert images.inspect(claims_none, "image/png").frames == 1


def test_damage_in_a_later_frame_is_found() -> None:
    data = bytearray(files.webp(300, 200, noise=True, frames=2, lossless=True))
    second = data.rindex(b"ANMF")
    data[second + 40 : second + 400] = bytes(360)
    assert refusal(bytes(data), "image/webp") == "invalid_image"


def test_metadata_is_neither_inflated_nor_believed() -> None:
    bomb = zlib.compress(bytes(100 * MIB))
    png = files.with_png_chunk(files.png(), b"zTXt", b"Comment\0\0" + bomb)
    png = files.with_png_chunk(png, b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)
    assert images.inspect(png, "image/png").width == 64
    jpeg = files.jpeg()
    for _ in range(100):
        jpeg = files.with_jpeg_segment(jpeg, 0xE1, b"Exif\0\0II*\0" + b"\xff" * 65_000)
    jpeg = files.with_jpeg_segment(jpeg, 0xE2, b"MPF\0MM\0*" + bytes(30))
    jpeg = files.with_jpeg_segment(jpeg, 0xED, b"Photoshop 3.0\x008BIM")
    assert images.inspect(jpeg, "image/jpeg").width == 64


def test_a_jpeg_with_more_than_thirty_scans_is_refused() -> None:
    data = files.jpeg(progressive=True)
    scan, scans = data.rindex(b"\xff\xda"), data.count(b"\xff\xda")
    assert images.inspect(data[:-2] + data[scan:-2] * (30 - scans) + data[-2:], "image/jpeg").width == 64
    assert refusal(data[:-2] + data[scan:-2] * (31 - scans) + data[-2:], "image/jpeg") == "invalid_image"


@pytest.mark.parametrize(
    ("data", "mimetype"),
    [
        (files.jpeg()[:2] + b"\xff\xfe\0\2" * 60_000 + files.jpeg()[2:], "image/jpeg"),
        (files.png()[:33] + files.png_chunk(b"prVt", b"") * 60_000 + files.png()[33:], "image/png"),
        (files.gif()[:-1] + b"!\xfe\0" * 60_000 + b";", "image/gif"),
        (private.with_webp_chunks(files.webp(exif_orientation=1), [b"PRVT"] * 60_000), "image/webp"),
    ],
    ids=["jpeg", "png", "gif", "webp"],
)
def test_absurdly_many_parts_are_refused(data: bytes, mimetype: str) -> None:
    assert refusal(data, mimetype) == "invalid_image"


def test_comments_of_a_gif_are_not_joined_in_quadratic_time() -> None:
    """Pillow would copy this file's comments 20,000 times: 50 GB."""
    data = files.gif(2)
    second = data.rindex(b"!\xf9")
    many = data[:second] + (b"!\xfe\xf0" + bytes(240) + b"\0") * 20_000 + data[second:]
    with Image.open(BytesIO(outlines.read(many, "image/gif").data)) as image:
        image.seek(1)
        assert "comment" not in image.info


def test_limits_above_pillows_own_are_a_mistake() -> None:
    assert Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match="MAX_IMAGE_PIXELS"):
        ImageLimits(max_pixels=Image.MAX_IMAGE_PIXELS + 1)


MEMORY_PROBE = """
import re, sys
from pathlib import Path
from scapi.formats import images, outlines

def peak():
    # Not getrusage's: that one begins with what the parent process had.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

before = peak()
try:
    images.inspect(sys.stdin.buffer.read(), sys.argv[1])
except images.InvalidImage as error:
    print(error.code, end=" ")
else:
    print("accepted", end=" ")
print(peak() - before)
"""


def outcome_and_memory(data: bytes, mimetype: str) -> tuple[str, int]:
    """A new process's verdict about the image, and the growth of its memory in bytes."""
    command = [sys.executable, "-c", MEMORY_PROBE, mimetype]
    output = subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode()
    outcome, kilobytes = output.split()
    return outcome, int(kilobytes) * 1024


def test_memory_stays_flat_for_bombs_and_small_for_large_jpegs() -> None:
    outcome, grown = outcome_and_memory(files.png_bomb(), "image/png")
    assert outcome == "too_many_pixels"
    assert grown < 16 * MIB
    # 48 megapixels would take 192 MB if all were held at once.
    outcome, grown = outcome_and_memory(files.jpeg(8000, 6000), "image/jpeg")
    assert outcome == "accepted"
    assert grown < 48 * MIB
    text = files.with_png_chunk(files.png(), b"zTXt", b"Comment\0\0" + zlib.compress(bytes(500 * MIB)))
    outcome, grown = outcome_and_memory(text, "image/png")
    assert outcome == "accepted"
    assert grown < 16 * MIB
