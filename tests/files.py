"""Makers of real test files: the same arguments give the same bytes."""

import datetime
import random
import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

from fpdf import FPDF
from PIL import ExifTags, Image, ImageDraw

# Vienna, Stephansplatz: must not be found again.
LATITUDE = (48.0, 12.0, 30.25)
LONGITUDE = (16.0, 22.0, 21.75)

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MOST_NOISE = 64 * 1024 * 1024  # bytes; more would take too long
_A_DAY = datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC)


def picture(width: int, height: int, *, noise: bool = False, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """A picture with a red, a green, a blue and a white corner, which show its orientation; or noise."""
    if noise:
        return Image.frombytes(mode, (width, height), random.Random(seed).randbytes(width * height * len(mode)))
    image = Image.new(mode, (width, height), (90 + seed % 100, 90, 90, 255)[: len(mode)])
    draw = ImageDraw.Draw(image)
    x, y = width // 2, height // 2
    draw.rectangle((0, 0, x - 1, y - 1), (255, 0, 0))
    draw.rectangle((x, 0, width, y - 1), (0, 255, 0))
    draw.rectangle((0, y, x - 1, height), (0, 0, 255))
    draw.rectangle((x, y, width, height), (255, 255, 255))
    return image


def pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """The colour at a place of an image that has bands."""
    colour = image.getpixel(at)
    assert isinstance(colour, tuple)
    return colour


def exif(orientation: int | None = None, gps: bool = False) -> Image.Exif:
    """EXIF with a camera's make, and optionally an orientation and a place."""
    metadata = Image.Exif()
    metadata[ExifTags.Base.Make] = "Testkamera"
    if orientation:
        metadata[ExifTags.Base.Orientation] = orientation
    metadata.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:02:29 12:00:00"
    if gps:
        place = metadata.get_ifd(ExifTags.IFD.GPSInfo)
        place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", LATITUDE
        place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", LONGITUDE
    return metadata


def saved(image: Image.Image, format_name: str, **options: Any) -> bytes:
    """The image as a file."""
    output = BytesIO()
    image.save(output, format_name, **options)
    return output.getvalue()


def jpeg(
    width: int = 64,
    height: int = 48,
    *,
    exif_orientation: int | None = None,
    gps: bool = False,
    noise: bool = False,
    seed: int = 0,
    quality: int = 90,
    **options: Any,
) -> bytes:
    """A JPEG; noise makes it large (about 1 byte per pixel at quality 90)."""
    if exif_orientation or gps:
        options["exif"] = exif(exif_orientation, gps)
    return saved(picture(width, height, noise=noise, seed=seed), "JPEG", quality=quality, **options)


def png(
    width: int = 64,
    height: int = 48,
    *,
    exif_orientation: int | None = None,
    gps: bool = False,
    noise: bool = False,
    seed: int = 0,
    mode: str = "RGB",
    frames: int = 1,
    **options: Any,
) -> bytes:
    """A PNG, animated (APNG) with more frames than one."""
    if exif_orientation or gps:
        options["exif"] = exif(exif_orientation, gps)
    images = _frames(width, height, frames, noise=noise, seed=seed, mode=mode)
    return saved(images[0], "PNG", **_animation(images), **options)


def gif(frames: int = 1, width: int = 64, height: int = 48, *, noise: bool = False, seed: int = 0) -> bytes:
    """A GIF, animated with more frames than one."""
    images = _frames(width, height, frames, noise=noise, seed=seed)
    return saved(images[0], "GIF", **_animation(images))


def webp(
    width: int = 64,
    height: int = 48,
    *,
    exif_orientation: int | None = None,
    gps: bool = False,
    noise: bool = False,
    seed: int = 0,
    mode: str = "RGB",
    frames: int = 1,
    **options: Any,
) -> bytes:
    """A WebP, lossy unless lossless=True is given, animated with more frames than one."""
    if exif_orientation or gps:
        options["exif"] = exif(exif_orientation, gps)
    images = _frames(width, height, frames, noise=noise, seed=seed, mode=mode)
    return saved(images[0], "WEBP", **_animation(images), **options)


def mpo(width: int = 64, height: int = 48, *, gps: bool = False) -> bytes:
    """A JPEG with a second one after it, as phones make; GPS tags in both."""
    images = _frames(width, height, 2)
    options: dict[str, Any] = {}
    if gps:
        # Pillow takes the EXIF of the first image from the argument, that of the other from the image.
        options["exif"] = exif(6, gps)
        images[1].encoderinfo = {"exif": exif(None, gps).tobytes()}
    return saved(images[0], "MPO", save_all=True, append_images=images[1:], **options)


def pdf(pages: int = 1, *, size: int | None = None, password: str | None = None, title: str | None = None) -> bytes:
    """A PDF of text pages; `size` makes it about that many bytes by a random attachment."""
    document = FPDF()
    document.set_creation_date(_A_DAY)
    document.set_font("helvetica", size=40)
    for number in range(1, pages + 1):
        document.add_page()
        document.cell(text=f"Page {number}")
    if title:
        document.set_title(title)
    if size:
        noise = random.Random(size).randbytes(min(size, _MOST_NOISE))
        noise = (noise * (size // len(noise) + 1))[:size]
        document.embed_file(bytes=noise, basename="noise.bin", compress=False, creation_date=_A_DAY)
    if password:
        document.set_encryption(owner_password=password, user_password=password)
    return bytes(document.output())


@cache
def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A valid PNG of black pixels, 1 bit each: 300 KB that decode to 312 MB and, as RGB, to 7.5 GB."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(squeeze.compress(row * 1000) for _ in range(height // 1000))
    pixels += squeeze.compress(row * (height % 1000)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its length and checksum."""
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def with_png_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk, directly after IHDR."""
    return data[:33] + png_chunk(kind, body) + data[33:]


def with_jpeg_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """The JPEG with one more segment, directly after SOI."""
    return data[:2] + bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body + data[2:]


def truncated(data: bytes, fraction: float) -> bytes:
    """The first part of the file."""
    return data[: int(len(data) * fraction)]


def _frames(width: int, height: int, frames: int, **options: Any) -> list[Image.Image]:
    seed = options.pop("seed", 0)
    images = [picture(width, height, seed=seed + number, **options) for number in range(frames)]
    # Encoders leave out frames that are equal to the one before.
    for number, image in enumerate(images):
        image.putpixel((number % width, number // width % height), (number % 256, 50, 50, 255)[: len(image.mode)])
    return images


def _animation(images: list[Image.Image]) -> dict[str, Any]:
    return {"save_all": True, "append_images": images[1:], "duration": 40, "loop": 0} if len(images) > 1 else {}
