"""The size of a picture on the web, from its first bytes."""

import re
from dataclasses import dataclass

from scapi.formats import exif
from scapi.formats.containers import PNG_SIGNATURE, BrokenFileError, jpeg_parts
from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import Fetcher, Unwanted, Wanted
from scapi.previews.texts import pixels

HEAD = Wanted("image/avif, image/webp, image/png, image/jpeg, image/gif, image/svg+xml, image/*;q=0.5", (), 256 * 1024)
"""The size is near the beginning of a file: in a JPEG, after metadata and colour profile at the latest."""

_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,99}(?:<\?xml[^>]{0,300}>\s{0,99})?(?:<!--[^>]{0,2000}-->\s{0,99}){0,5}"
    rb"(?:<!DOCTYPE svg[^>]{0,500}>\s{0,99})?(?:<!--[^>]{0,2000}-->\s{0,99}){0,5}<svg(\s[^>]{0,5000}|)/?>",
    re.IGNORECASE,
)
_SIDE = re.compile(rb"\s(width|height)\s{0,9}=\s{0,9}[\"']\s{0,9}([0-9.]{1,9})(?:px)?\s{0,9}[\"']")
_VIEW = re.compile(
    rb"\sviewBox\s{0,9}=\s{0,9}[\"'][-0-9.]{1,12}[\s,]{1,9}[-0-9.]{1,12}[\s,]{1,9}([0-9.]{1,9})[\s,]{1,9}([0-9.]{1,9})"
)

JPEG_START = b"\xff\xd8\xff"
"""FF alone would not do: a text in UTF-16 can begin with it too."""

# Segments of a JPEG (ITU-T T.81, table B.1): EXIF, and the frames that browsers show.
_APP1, _FRAMES = 0xE1, (0xC0, 0xC1, 0xC2)

# EXIF orientations (Exif 3.0, 4.6.5.1.6) of pictures that a viewer turns by a quarter.
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, as a viewer shows the picture."""

    width: int
    height: int


def measure(url: str, fetcher: Fetcher, max_pixels: int, deadline: Deadline) -> Size | None:
    """Return the size of the picture at `url`; None if it has none (SVG).

    Raises Forbidden and Unreachable; Unwanted if it is not a picture that browsers show, or has more pixels than
    `max_pixels`.
    """
    head = fetcher.get(url, HEAD, deadline).body
    size = size_of(head)
    if not is_picture(head) or (size and size.width * size.height > max_pixels):
        raise Unwanted("not a picture, or too large")
    return size


def is_picture(head: bytes) -> bool:
    """Return whether `head` is the beginning of a picture that browsers show."""
    return _svg(head) is not None or _is_avif(head) or size_of(head) is not None


def size_of(head: bytes) -> Size | None:
    """Return the size of the picture that begins with `head`; None if it has none. Nothing is decoded."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    if _is_avif(head):
        return _avif(head)
    svg = _svg(head)
    return _svg_size(svg) if svg is not None else _raster(head)


def _raster(head: bytes) -> Size | None:
    if head.startswith(PNG_SIGNATURE) and head[12:16] == b"IHDR":
        return _size(int.from_bytes(head[16:20]), int.from_bytes(head[20:24]))
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _size(int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little"))
    return _jpeg(head) if head.startswith(JPEG_START) else None


def _size(width: int, height: int) -> Size | None:
    return Size(width, height) if width and height else None


def _jpeg(head: bytes) -> Size | None:
    """Read the segments in `head` up to the frame header. Of EXIF only the first directory is read."""
    orientation = 0
    try:
        for part in jpeg_parts(head):
            marker, body = part.kind[0], head[part.body : part.body_end]
            if marker == _APP1 and body.startswith(b"Exif\0") and not orientation:
                orientation = exif.read(body[6:]).orientation
            elif marker in _FRAMES:
                height, width = int.from_bytes(body[1:3]), int.from_bytes(body[3:5])
                return _size(height, width) if orientation in _SIDEWAYS else _size(width, height)
    except BrokenFileError:  # the frame header is not in `head`
        return None
    return None


def _webp(head: bytes) -> Size | None:
    """Read the first chunk (RFC 9649); Pillow would need the whole file."""
    kind, body = head[12:16], head[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return Size(int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1)
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return Size(int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF)
    return None


def _is_avif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and (b"avif" in head[8:64] or b"avis" in head[8:64])


def _avif(head: bytes) -> Size | None:
    """Read the largest `ispe` box (ISO/IEC 23008-12, 6.5.3): the others belong to tiles and thumbnails."""
    sizes: list[tuple[int, Size]] = []
    at = head.find(b"ispe")
    while 0 <= at <= len(head) - 16 and len(sizes) < 100:
        width, height = int.from_bytes(head[at + 8 : at + 12]), int.from_bytes(head[at + 12 : at + 16])
        sizes.append((width * height, Size(width, height)))
        at = head.find(b"ispe", at + 16)
    return max(sizes, key=lambda size: size[0])[1] if sizes else None


def _svg(head: bytes) -> bytes | None:
    """Return the attributes of the root of an SVG image; None if it is not SVG."""
    root = _SVG.match(head[:16_384])
    return root[1] if root else None


def _svg_size(attributes: bytes) -> Size | None:
    sides = dict(_SIDE.findall(attributes))
    view = _VIEW.search(attributes)
    found = [sides.get(b"width"), sides.get(b"height")]
    if not all(found):
        found = [view[1], view[2]] if view else []
    width, height = (pixels(side.decode()) if side else None for side in (*found, None, None)[:2])
    return Size(width, height) if width and height else None
