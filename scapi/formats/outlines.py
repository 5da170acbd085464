"""What an image file's structure says before anything is decoded, and the part of the file a decoder needs to see."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from scapi.formats import exif
from scapi.formats.containers import (
    JPEG_SOS,
    PNG_SIGNATURE,
    BrokenFileError,
    Part,
    gif_parts,
    jpeg_parts,
    png_parts,
    webp_parts,
)

# Progressive JPEGs have about ten scans; each costs a walk over all pixels however few bytes it has
# (libjpeg-turbo, "Two Issues with the JPEG Standard").
MAX_JPEG_SCANS = 200


@dataclass(frozen=True, slots=True)
class Outline:
    """An image in outline, sizes in pixels, as stored (not turned upright).

    `canvas` is what a decoder has to hold, which is larger than width and height when a GIF's later frames are;
    `orientation` is EXIF's, 1 to 8; `data` is the file without the metadata that does not change its pixels.
    """

    width: int
    height: int
    canvas: tuple[int, int]
    frames: int
    orientation: int
    data: bytes


def read(data: bytes, mimetype: str) -> Outline:
    """Return the outline of a JPEG, PNG, GIF or WebP, whichever `mimetype` says (anything else is a KeyError).

    Raises BrokenFileError when the file is cut off or not built as its format says.
    """
    return _READERS[mimetype](data)


def _jpeg(data: bytes) -> Outline:
    """Leave only what makes pixels for Pillow: metadata cannot mislead its parsers, nor an MPO its frame count."""
    kept: list[bytes] = []
    size, scans, orientation = (0, 0), 0, None
    for part in jpeg_parts(data):
        marker, body = part.kind[0], data[part.body : part.body_end]
        if _is_frame_header(marker):
            size = int.from_bytes(body[3:5]), int.from_bytes(body[1:3])
        scans += marker == JPEG_SOS
        if marker == 0xE1 and body.startswith(b"Exif\0") and orientation is None:
            orientation = exif.orientation(body[6:])
        if _makes_pixels(marker, body):
            kept.append(data[part.start : part.end])
    if scans > MAX_JPEG_SCANS:
        raise BrokenFileError(f"it has more than {MAX_JPEG_SCANS} scans")
    return Outline(*size, size, 1, orientation or 1, b"".join(kept))


def _is_frame_header(marker: int) -> bool:
    # SOF0 to SOF15 without DHT, JPG and DAC (T.81, table B.1).
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)


def _makes_pixels(marker: int, body: bytes) -> bool:
    is_application_or_comment = 0xE0 <= marker <= 0xEF or marker == 0xFE
    # JFIF and Adobe say how colours are stored, ICC what they mean.
    return not is_application_or_comment or body.startswith((b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"))


def _png(data: bytes) -> Outline:
    """Leave only what makes pixels for Pillow, so that no compressed text is ever inflated."""
    parts = list(png_parts(data))
    if parts[0].kind != b"IHDR" or parts[0].body_end - parts[0].body != 13:
        raise BrokenFileError("the file does not begin as a PNG does")
    width, height = struct.unpack_from(">II", data, parts[0].body)
    orientation, frames = 1, _apng_frames(data, parts)
    # Critical chunks begin with an upper-case letter.
    wanted = {b"tRNS", b"iCCP"} | ({b"acTL", b"fcTL", b"fdAT"} if frames > 1 else set())
    kept = [PNG_SIGNATURE]
    for part in parts:
        if part.kind == b"eXIf":
            orientation = exif.orientation(data[part.body : part.body_end])
        elif part.kind in wanted or part.kind[:1].isupper():
            kept.append(data[part.start : part.end])
    return Outline(width, height, (width, height), frames, orientation, b"".join(kept))


def _apng_frames(data: bytes, parts: list[Part]) -> int:
    """Return how many images the file holds, the default image of an APNG included; 1 when it is no valid APNG."""
    kinds = [part.kind for part in parts]
    if kinds.count(b"acTL") != 1 or b"IDAT" not in kinds or kinds.index(b"acTL") > kinds.index(b"IDAT"):
        return 1
    control = parts[kinds.index(b"acTL")]
    frames = int.from_bytes(data[control.body : control.body + 4])
    has_default_image = b"fcTL" not in kinds[: kinds.index(b"IDAT")]
    return frames + has_default_image if frames else 1


def _gif(data: bytes) -> Outline:
    width, height = struct.unpack_from("<HH", data.ljust(10, b"\0"), 6)
    canvas, frames = (width, height), 0
    for part in gif_parts(data):
        if part.kind == b",":
            left, top, across, down = struct.unpack_from("<HHHH", data, part.body)
            canvas = max(canvas[0], left + across), max(canvas[1], top + down)
            frames += 1
            if frames == 1:
                # Only a first frame larger than the screen enlarges what is shown.
                width, height = canvas
    if not frames:
        raise BrokenFileError("there is no image in it")
    return Outline(width, height, canvas, frames, 1, data)


def _webp(data: bytes) -> Outline:
    size, frames, orientation = (0, 0), 0, 1
    for index, part in enumerate(webp_parts(data)):
        body = data[part.body : part.body_end]
        if index == 0:
            size = _webp_size(part.kind, body)
        frames += part.kind == b"ANMF"
        if part.kind == b"EXIF":
            orientation = exif.orientation(body.removeprefix(b"Exif\0\0"))
    return Outline(*size, size, max(frames, 1), orientation, data)


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int]:
    # RFC 9649: sections 2.7 (VP8X), 3.4 (VP8L), and RFC 6386 section 9.1 (VP8).
    if kind == b"VP8X" and len(body) >= 10:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) >= 10:
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise BrokenFileError("there is no image in it")


_READERS: dict[str, Callable[[bytes], Outline]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
}
