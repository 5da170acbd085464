"""The structure of an image file, read before anything is decoded, and the part of the file that a decoder needs."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from scapi.formats import exif, heif, profiles, scans
from scapi.formats.cleaning import avif, gif, png, webp
from scapi.formats.containers import (
    JPEG_EOI,
    JPEG_SOS,
    PNG_SIGNATURE,
    BrokenFileError,
    Part,
    gif_parts,
    jpeg_parts,
    png_parts,
    webp_parts,
)

MAX_JPEG_SCANS = 30
"""Progressive JPEGs have about ten scans. Each scan costs a walk over all pixels, even if it has few bytes
(libjpeg-turbo, "Two Issues with the JPEG Standard").
"""

MAX_ICC_PROFILE_BYTES = 4 * 1024 * 1024
"""CMYK profiles, the largest in use, take 0.5 to 3 MB. A larger profile stays in the file, but is not applied."""

# The frame headers of Huffman-coded JPEGs, baseline to progressive; then all frame headers (T.81, table B.1).
_SHOWN_FRAMES = (0xC0, 0xC1, 0xC2)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

_JPEG_END = bytes((0xFF, JPEG_EOI))

# Colour types of a PNG (third edition, table 8).
_PALETTE_COLOUR = 3
_USES_COLOUR = 2
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")


@dataclass(frozen=True, slots=True)
class Outline:
    """An image in outline, sizes in pixels, as stored (not turned upright).

    `canvas` is the size that a decoder needs; it is larger than width and height if later frames of a GIF are larger.
    `frames` is the number of frames to decode; viewers show frame number `first` first. `box` is the part of the canvas
    that the first frame covers: left, top, right, bottom. `orientation` is EXIF's, 1 to 8, as browsers apply it.
    `profile` is the ICC profile, `gamma` that of a PNG (1 / 2.2 is about sRGB), `bits` the number of bits of a sample.
    `data` is the file without the parts that do not change its pixels. `ended`: False for a JPEG whose end is missing.
    Then `data` has an end, but pixels may still be missing.
    """

    width: int
    height: int
    canvas: tuple[int, int]
    data: bytes
    frames: int = 1
    first: int = 0
    box: tuple[int, int, int, int] | None = None
    orientation: int = 1
    profile: bytes | None = None
    gamma: float | None = None
    bits: int = 8
    ended: bool = True


def read(data: bytes, mimetype: str) -> Outline:
    """Return the outline of an image of the type `mimetype` (KeyError if it is not one of the types below).

    Raises BrokenFileError if the file is cut off, not built as its format says, or of a kind that no browser shows.
    """
    return _READERS[mimetype](data)


def _jpeg(data: bytes) -> Outline:
    """Keep only the parts that make pixels: then neither metadata nor an MPO's other images can mislead Pillow."""
    kept: list[bytes | memoryview] = []
    profile: list[bytes] = []
    found: list[bytes] = []
    frame, orientation = b"", None
    parts, view = list(jpeg_parts(data)), memoryview(data)
    for part in parts:
        marker, body = part.kind[0], data[part.body : part.body_end]
        if marker == JPEG_SOS:
            found.append(body)
            kept.append(view[part.start : part.end])
        elif marker in _FRAMES:
            frame = _shown_frame(marker, body)
        elif not found and marker == 0xE1 and body.startswith(b"Exif\0") and orientation is None:
            orientation = exif.read(body[6:]).orientation
        elif not found and marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile.append(body[12:])
        if marker != JPEG_SOS and _makes_pixels(marker, body):
            kept.append(data[part.start : part.body_end])
    if len(found) > MAX_JPEG_SCANS:
        raise BrokenFileError(f"it has more than {MAX_JPEG_SCANS} scans")
    ended = parts[-1].kind[0] == JPEG_EOI
    if not ended:
        scans.check_complete(frame[6::3], found)
        kept[-1:] = [bytes(kept[-1]).rstrip(b"\xff"), _JPEG_END]
    size = int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3])
    return Outline(
        *size, size, b"".join(kept), orientation=orientation or 1, profile=_joined_profile(profile), ended=ended
    )


def _shown_frame(marker: int, body: bytes) -> bytes:
    if marker not in _SHOWN_FRAMES or body[:1] != b"\x08":
        raise BrokenFileError("browsers show no JPEG with lossless, hierarchical or arithmetic coding, or of 12 bits")
    return body


def _makes_pixels(marker: int, body: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        # JFIF and Adobe segments say how colours are stored. Decoders ignore them if they are too short.
        return (body.startswith(b"JFIF\0") and len(body) >= 14) or (body.startswith(b"Adobe") and len(body) >= 12)
    return marker != 0xFE


def _joined_profile(pieces: list[bytes]) -> bytes | None:
    """Join the pieces of a profile. Each begins with its number and the count of pieces (ICC.1:2022, B.4)."""
    whole = bool(pieces) and all(piece[1:2] == bytes([len(pieces) % 256]) for piece in pieces)
    return b"".join(piece[2:] for piece in sorted(pieces)) if whole else None


def _png(data: bytes) -> Outline:
    """Keep only the chunks that make pixels, so that Pillow never inflates compressed text."""
    parts = list(png_parts(data))
    if parts[0].kind != b"IHDR" or parts[0].body_end - parts[0].body != 13:
        raise BrokenFileError("the file does not begin as a PNG does")
    _check_palette(data, parts)
    width, height = struct.unpack_from(">II", data, parts[0].body)
    animated = png.frames(data, parts)
    kinds = [part.kind for part in parts]
    # An image without a frame control chunk is shown only by viewers without animations.
    hidden = int(bool(animated) and b"fcTL" not in kinds[: kinds.index(b"IDAT")])
    frames = animated + hidden or 1
    wanted = {*_CRITICAL, b"tRNS"} | (png.ANIMATION if frames > 1 else set())
    kept = [PNG_SIGNATURE]
    for part in parts:
        if part.kind not in _CRITICAL and part.kind[:1].isupper():
            raise BrokenFileError("it has a critical chunk that no browser knows")
        if not part.intact and part.kind in png.ANIMATION:
            raise BrokenFileError("a checksum in the file is wrong")
        if part.intact and part.kind in wanted:
            kept.append(data[part.start : part.end])
    turned = png.orientation_part(parts)
    return Outline(
        width,
        height,
        (width, height),
        b"".join(kept),
        frames=frames,
        first=hidden,
        orientation=exif.read(data[turned.body : turned.body_end]).orientation if turned else 1,
        profile=_png_profile(data, parts),
        gamma=_gamma(data, parts),
        bits=data[parts[0].body + 8],
    )


def _check_palette(data: bytes, parts: list[Part]) -> None:
    palettes = [part.body_end - part.body for part in parts if part.kind == b"PLTE"]
    indexed = data[parts[0].body + 9] == _PALETTE_COLOUR
    # One to 256 colours of three bytes (PNG third edition, 11.2.2).
    if len(palettes) > 1 or (indexed and not palettes) or any(size % 3 or not 3 <= size <= 768 for size in palettes):
        raise BrokenFileError("its palette is missing, empty, too large, or there are two")


def _png_profile(data: bytes, parts: list[Part]) -> bytes | None:
    """Return the profile from the colour chunk of highest priority (PNG third edition, 4.3)."""
    codes, icc, gamma = (_chunk(data, parts, kind) for kind in (b"cICP", b"iCCP", b"gAMA"))
    primaries = _chunk(data, parts, b"cHRM")
    if len(codes) == 4:
        return profiles.coded(codes[0], codes[1])
    in_colour = data[parts[0].body + 9] & _USES_COLOUR
    if icc or _chunk(data, parts, b"sRGB") or len(primaries) != 32 or not in_colour:
        return _inflated_profile(icc)
    value = int.from_bytes(gamma[:4])
    if not value:
        return None
    white_x, white_y, *colours = (number / 100_000 for number in struct.unpack(">8I", primaries))
    red, green, blue = zip(colours[::2], colours[1::2], strict=True)
    return profiles.display((red, green, blue, (white_x, white_y)), 100_000 / value)


def _gamma(data: bytes, parts: list[Part]) -> float | None:
    """Return the file's gamma; None if a chunk of higher priority describes its colours (PNG third edition, 4.3)."""
    if any(_chunk(data, parts, kind) for kind in (b"cICP", b"iCCP", b"sRGB")):
        return None
    value = int.from_bytes(_chunk(data, parts, b"gAMA")[:4])
    return value / 100_000 if value else None


def _chunk(data: bytes, parts: list[Part], kind: bytes) -> bytes:
    return next((data[part.body : part.body_end] for part in parts if part.kind == kind and part.intact), b"")


def _inflated_profile(body: bytes) -> bytes | None:
    inflater = zlib.decompressobj()
    try:
        # A name, the end of it, the compression method (PNG third edition, 11.3.2.3).
        profile = inflater.decompress(body.partition(b"\0")[2][1:], MAX_ICC_PROFILE_BYTES + 1)
    except zlib.error:
        return None
    return profile if inflater.eof else None


def _gif(data: bytes) -> Outline:
    """Leave out comments and similar blocks: Pillow joins them in time that is quadratic in their number."""
    width, height = struct.unpack_from("<HH", data.ljust(10, b"\0"), 6)
    canvas, frames, box = (width, height), 0, (0, 0, 0, 0)
    for part in gif_parts(data):
        if part.kind == b",":
            left, top, across, down = struct.unpack_from("<HHHH", data, part.body)
            canvas = max(canvas[0], left + across), max(canvas[1], top + down)
            frames += 1
            if frames == 1:
                # A frame that is larger than the screen enlarges the shown image only if it is the first.
                width, height = canvas
                box = left, top, left + across, top + down
    if not frames:
        raise BrokenFileError("there is no image in it")
    return Outline(width, height, canvas, gif.cleaned(data), frames=frames, box=box)


def _webp(data: bytes) -> Outline:
    parts = list(webp_parts(data))
    frames = sum(part.kind == b"ANMF" for part in parts)
    if not parts:
        raise BrokenFileError("there is no image in it")
    size = _webp_size(parts[0].kind, data[parts[0].body : parts[0].body_end])
    return Outline(*size, size, webp.cleaned(data), frames=max(frames, 1), profile=_chunk(data, parts, b"ICCP") or None)


def _heif(data: bytes) -> Outline:
    """Read an AVIF or HEIC. Bytes that are not needed are blanked, so that no decoder reads metadata."""
    picture = heif.read(data)
    return Outline(
        picture.width,
        picture.height,
        picture.canvas,
        avif.cleaned(data),
        frames=picture.frames,
        orientation=picture.orientation,
        profile=picture.profile,
    )


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
    "image/avif": _heif,
    "image/heic": _heif,
}
