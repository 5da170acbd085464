import random
import struct
import subprocess
import sys
import threading
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from scapi.media import images
from scapi.media.images import ImageLimits, InvalidImage
from tests import files

MIB = 1024 * 1024

WHOLE_FILES = {
    "jpeg": (files.jpeg(900, 700, noise=True), "image/jpeg"),
    "jpeg-progressive": (files.jpeg(900, 700, noise=True, progressive=True), "image/jpeg"),
    "png": (files.png(300, 200, noise=True), "image/png"),
    "apng": (files.png(300, 200, noise=True, frames=3), "image/png"),
    "gif": (files.gif(1, 300, 200, noise=True), "image/gif"),
    "gif-animated": (files.gif(3, 300, 200, noise=True), "image/gif"),
    "webp": (files.webp(300, 200, noise=True), "image/webp"),
    "webp-lossless": (files.webp(300, 200, noise=True, lossless=True), "image/webp"),
    "webp-animated": (files.webp(300, 200, noise=True, frames=3), "image/webp"),
}
FRAMES = {"apng": 3, "gif-animated": 3, "webp-animated": 3}


def refusal(data: bytes, mimetype: str, limits: ImageLimits | None = None) -> str:
    with pytest.raises(InvalidImage) as caught:
        images.inspect(data, mimetype, limits)
    assert str(caught.value)
    return caught.value.code


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_whole_file_is_described_with_its_thumbnail(name):
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
@pytest.mark.parametrize("cut", ["1 byte", "2 bytes", "8 bytes", "1 %", "10 %", "50 %", "99 %"])
def test_a_file_cut_short_is_refused(name, cut):
    data, mimetype = WHOLE_FILES[name]
    number, unit = cut.split()
    missing = int(number) * len(data) // 100 if unit == "%" else int(number)
    assert refusal(data[:-missing], mimetype) == "invalid_image"


@pytest.mark.parametrize("mimetype", ["image/jpeg", "image/png", "image/gif", "image/webp"])
@pytest.mark.parametrize(
    "beginning",
    [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"RIFF\0\1\0\0WEBPVP8 "],
)
def test_a_header_on_garbage_is_refused(mimetype, beginning):
    for seed in range(5):
        assert refusal(beginning + random.Random(seed).randbytes(seed * 300), mimetype) == "invalid_image"


def test_another_type_than_it_is_said_to_be_is_refused():
    for data, real in WHOLE_FILES.values():
        for claimed in {"image/jpeg", "image/png", "image/gif", "image/webp"} - {real}:
            assert refusal(data, claimed) == "invalid_image"
    with pytest.raises(KeyError):
        images.inspect(b"<svg/>", "image/svg+xml")


def test_a_wrong_checksum_in_a_png_is_refused():
    data = files.png(noise=True)
    for position in (20, len(data) // 2, len(data) - 14):
        damaged = bytearray(data)
        damaged[position] ^= 1
        assert refusal(bytes(damaged), "image/png") == "invalid_image"


def test_pixels_that_do_not_decode_are_refused():
    header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    for pixels in (b"not zlib", zlib.compress(bytes(10 * 31))[:-6], b""):
        data = files.PNG_SIGNATURE + b"".join(
            files.png_chunk(*chunk) for chunk in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        )
        assert refusal(data, "image/png") == "invalid_image"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("make", "mimetype"), [(files.jpeg, "image/jpeg"), (files.png, "image/png"), (files.webp, "image/webp")]
)
def test_size_and_thumbnail_are_upright(orientation, make, mimetype):
    image = images.inspect(make(80, 40, exif_orientation=orientation), mimetype)
    size = (40, 80) if orientation >= 5 else (80, 40)
    assert (image.width, image.height) == size
    small = opened(image.thumbnail.data)
    assert small.size == size
    # Where the stored picture's corners are shown, clockwise from the upper left (Exif 3.0, 4.6.5.1.6).
    shown = {1: "rgwb", 2: "grbw", 3: "wbrg", 4: "bwgr", 5: "rbwg", 6: "brgw", 7: "wgrb", 8: "gwbr"}[orientation]
    colors = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "w": (255, 255, 255)}
    right, bottom = size[0] - 6, size[1] - 6
    for corner, letter in zip([(5, 5), (right, 5), (right, bottom), (5, bottom)], shown, strict=True):
        assert all(abs(a - b) < 60 for a, b in zip(small.getpixel(corner), colors[letter], strict=True)), letter


def test_transparency_makes_a_png_and_its_absence_a_jpeg():
    image = files.picture(64, 48, mode="RGBA")
    opaque = images.inspect(files.saved(image, "PNG"), "image/png").thumbnail
    assert opaque.mimetype == "image/jpeg"
    image.putalpha(100)
    clear = images.inspect(files.saved(image, "PNG"), "image/png").thumbnail
    assert clear.mimetype == "image/png"
    assert opened(clear.data).getpixel((5, 5)) == (255, 0, 0, 100)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_a_png_gives_a_thumbnail_of_the_same_colour(mode):
    image = Image.new("RGB", (50, 50), (128, 128, 128)).convert(mode)
    assert images.inspect(files.saved(image, "PNG"), "image/png").thumbnail.color == "#808080"


def test_one_bit_and_sixteen_bit_pngs():
    white = Image.new("1", (50, 50), 1)
    assert images.inspect(files.saved(white, "PNG"), "image/png").thumbnail.color == "#ffffff"
    grey = Image.frombytes("I;16", (50, 50), b"\x00\x80" * 2500)
    assert images.inspect(files.saved(grey, "PNG"), "image/png").thumbnail.color == "#808080"


def test_cmyk_becomes_rgb():
    data = files.saved(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG", quality=95)
    small = images.inspect(data, "image/jpeg").thumbnail
    assert opened(small.data).mode == "RGB"
    red, green, blue = bytes.fromhex(small.color[1:])
    assert red > 240
    assert green < 15
    assert blue < 15


def test_an_icc_profile_is_applied_and_a_broken_one_ignored():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # sRGB with the columns of red and green exchanged: what is stored as red means green.
    exchanged = srgb.replace(b"rXYZ", b"tmp0").replace(b"gXYZ", b"rXYZ").replace(b"tmp0", b"gXYZ")
    red = Image.new("RGB", (50, 50), (255, 0, 0))
    for profile, expected in ((None, 0), (srgb, 0), (exchanged, 1), (b"no profile", 0), (lab.tobytes(), 0)):
        small = images.inspect(files.saved(red, "JPEG", icc_profile=profile), "image/jpeg").thumbnail
        bands = bytes.fromhex(small.color[1:])
        assert bands[expected] > 240
        assert bands[1 - expected] < 40
        assert "icc_profile" not in opened(small.data).info


def test_a_thumbnail_is_never_larger_than_its_image_and_never_empty():
    for size in ((1, 1), (3, 2), (5000, 1), (1, 5000)):
        small = images.inspect(files.saved(Image.new("RGB", size), "PNG"), "image/png").thumbnail
        assert 1 <= small.width <= min(400, size[0])
        assert 1 <= small.height <= min(400, size[1])


def test_an_mpo_is_the_jpeg_that_it_begins_with():
    image = images.inspect(files.mpo(80, 60), "image/jpeg")
    assert (image.width, image.height, image.frames) == (80, 60, 1)


def test_bombs_are_refused_by_their_header():
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


def test_the_bomb_is_a_valid_image_when_it_is_small():
    assert images.inspect(files.png_bomb(1000, 2000), "image/png").height == 2000


def test_a_later_gif_frame_beyond_the_screen_counts_but_is_not_shown():
    data = bytearray(files.gif(2, 64, 48, noise=True))
    frame = data.rindex(b",\0\0\0\0\x40\0\x30\0")
    data[frame + 1 : frame + 5] = struct.pack("<HH", 10, 10)
    image = images.inspect(bytes(data), "image/gif")
    assert (image.width, image.height, image.frames) == (64, 48, 2)
    data[frame + 1 : frame + 5] = b"\xff\xff\xff\xff"
    assert refusal(bytes(data), "image/gif") == "too_many_pixels"


@pytest.mark.parametrize("name", FRAMES)
def test_frames_and_their_pixels_are_limited(name):
    data, mimetype = WHOLE_FILES[name]
    exact = ImageLimits(max_pixels=60_000, max_frames=3, max_animation_pixels=180_000)
    assert images.inspect(data, mimetype, exact).frames == 3
    assert refusal(data, mimetype, ImageLimits(max_frames=2)) == "too_many_frames"
    assert refusal(data, mimetype, ImageLimits(max_animation_pixels=179_999)) == "too_many_pixels"
    assert refusal(data, mimetype, ImageLimits(max_pixels=59_999)) == "too_many_pixels"


def test_absurdly_many_frames_are_refused():
    data = files.gif(2)
    second = data.rindex(b"!\xf9")
    many = data[:second] + data[second:-1] * 5000 + b";"
    assert refusal(many, "image/gif") == "too_many_frames"
    apng = files.with_png_chunk(files.png(), b"acTL", struct.pack(">II", 2**31 - 1, 0))
    assert refusal(apng, "image/png") == "too_many_frames"


def test_an_apng_with_fewer_frames_than_it_says_is_refused_and_an_invalid_one_is_a_png():
    claims_two = files.with_png_chunk(files.png(), b"acTL", struct.pack(">II", 2, 0))
    assert refusal(claims_two, "image/png") == "invalid_image"
    claims_none = files.with_png_chunk(files.png(), b"acTL", struct.pack(">II", 0, 0))
    assert images.inspect(claims_none, "image/png").frames == 1


def test_damage_in_a_later_frame_is_found():
    data = bytearray(files.webp(300, 200, noise=True, frames=2, lossless=True))
    second = data.rindex(b"ANMF")
    data[second + 40 : second + 400] = bytes(360)
    assert refusal(bytes(data), "image/webp") == "invalid_image"


def test_metadata_is_neither_inflated_nor_believed():
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


def test_a_jpeg_with_hundreds_of_scans_is_refused():
    data = files.jpeg(progressive=True)
    scan = data.rindex(b"\xff\xda")
    assert refusal(data[:-2] + data[scan:-2] * 200 + data[-2:], "image/jpeg") == "invalid_image"


def test_limits_above_pillows_own_are_a_mistake():
    with pytest.raises(ValueError, match="MAX_IMAGE_PIXELS"):
        ImageLimits(max_pixels=Image.MAX_IMAGE_PIXELS + 1)


def test_not_more_decodes_at_a_time_than_allowed(monkeypatch):
    inside, most, both = [0], [0], threading.Barrier(images.MAX_SIMULTANEOUS_DECODES)
    lock, original = threading.Lock(), images._decode

    def counting(*arguments):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        both.wait(timeout=30)
        try:
            return original(*arguments)
        finally:
            with lock:
                inside[0] -= 1

    monkeypatch.setattr(images, "_decode", counting)
    threads = [threading.Thread(target=images.inspect, args=(files.jpeg(), "image/jpeg")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == images.MAX_SIMULTANEOUS_DECODES


@pytest.mark.parametrize(("mimetype", "together"), [("image/webp", False), ("image/png", False), ("image/jpeg", True)])
def test_what_is_large_and_no_jpeg_is_decoded_alone(monkeypatch, mimetype, together):
    met, inside, original = [], threading.Barrier(2), images._decode

    def meeting(*arguments):
        try:
            inside.wait(timeout=0.3)
            met.append(True)
        except threading.BrokenBarrierError:
            met.append(False)
        return original(*arguments)

    monkeypatch.setattr(images, "_decode", meeting)
    data = {"image/webp": files.webp, "image/png": files.png, "image/jpeg": files.jpeg}[mimetype](60, 50)
    limits = ImageLimits(max_pixels=60 * 50 + 1)
    threads = [threading.Thread(target=images.inspect, args=(data, mimetype, limits)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [together] * 4


MEMORY_PROBE = """
import re, sys
from pathlib import Path
from scapi.media import images

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
    """What a fresh process says of the image, and by how many bytes it grew."""
    command = [sys.executable, "-c", MEMORY_PROBE, mimetype]
    output = subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode()
    outcome, kilobytes = output.split()
    return outcome, int(kilobytes) * 1024


def test_memory_stays_flat_for_bombs_and_small_for_large_jpegs():
    outcome, grown = outcome_and_memory(files.png_bomb(), "image/png")
    assert outcome == "too_many_pixels"
    assert grown < 16 * MIB
    # 48 megapixels would be 192 MB if they were all held at once.
    outcome, grown = outcome_and_memory(files.jpeg(8000, 6000), "image/jpeg")
    assert outcome == "accepted"
    assert grown < 48 * MIB
    text = files.with_png_chunk(files.png(), b"zTXt", b"Comment\0\0" + zlib.compress(bytes(500 * MIB)))
    outcome, grown = outcome_and_memory(text, "image/png")
    assert outcome == "accepted"
    assert grown < 16 * MIB
