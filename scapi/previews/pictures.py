"""The size of a picture on the web, from its first bytes."""

import re
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import Fetcher, Unwanted, Wanted
from scapi.previews.texts import pixels

HEAD = Wanted("image/avif, image/webp, image/png, image/jpeg, image/gif, image/svg+xml, image/*;q=0.5", (), 256 * 1024)
"""The size stands near the beginning: behind a JPEG's metadata and colour profile at the latest."""

FORMATS = ("JPEG", "PNG", "GIF")

_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,99}(?:<\?xml[^>]{0,300}>\s{0,99})?(?:<!--[^>]{0,2000}-->\s{0,99}){0,5}"
    rb"(?:<!DOCTYPE svg[^>]{0,500}>\s{0,99})?(?:<!--[^>]{0,2000}-->\s{0,99}){0,5}<svg(\s[^>]{0,5000}|)/?>",
    re.IGNORECASE,
)
_SIDE = re.compile(rb"\s(width|height)\s{0,9}=\s{0,9}[\"']\s{0,9}([0-9.]{1,9})(?:px)?\s{0,9}[\"']")
_VIEW = re.compile(
    rb"\sviewBox\s{0,9}=\s{0,9}[\"'][-0-9.]{1,12}[\s,]{1,9}[-0-9.]{1,12}[\s,]{1,9}([0-9.]{1,9})[\s,]{1,9}([0-9.]{1,9})"
)

_ORIENTATION = 0x0112  # EXIF tag
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels across and down, as a viewer shows the picture."""

    width: int
    height: int


def measure(url: str, fetcher: Fetcher, max_pixels: int, deadline: Deadline) -> Size | None:
    """Return the size of the picture at `url`, None if it has none (SVG).

    Raises Forbidden and Unreachable; Unwanted for what is no picture that browsers show, or has more pixels than
    `max_pixels`.
    """
    head = fetcher.get(url, HEAD, deadline).body
    size = size_of(head)
    if not is_picture(head) or (size and size.width * size.height > max_pixels):
        raise Unwanted("no picture, or too large a one")
    return size


def is_picture(head: bytes) -> bool:
    """Whether `head` begins a picture that browsers show."""
    return _svg(head) is not None or _is_avif(head) or size_of(head) is not None


def size_of(head: bytes) -> Size | None:
    """Return the size of the picture that begins with `head`, None if that has none. Nothing is decoded."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    if _is_avif(head):
        return _avif(head)
    svg = _svg(head)
    return _svg_size(svg) if svg is not None else _raster(head)


def _raster(head: bytes) -> Size | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about very large pictures: the caller decides what is too large
            with Image.open(BytesIO(head), formats=FORMATS) as image:
                width, height = image.size
                turned = image.format == "JPEG" and image.getexif().get(_ORIENTATION) in _SIDEWAYS
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, Image.DecompressionBombError):
        return None
    if not width or not height:
        return None
    return Size(height, width) if turned else Size(width, height)


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
    """Read the largest `ispe` box (ISO/IEC 23008-12, 6.5.3): the others are of tiles and thumbnails."""
    sizes: list[tuple[int, Size]] = []
    at = head.find(b"ispe")
    while 0 <= at <= len(head) - 16 and len(sizes) < 100:
        width, height = int.from_bytes(head[at + 8 : at + 12]), int.from_bytes(head[at + 12 : at + 16])
        sizes.append((width * height, Size(width, height)))
        at = head.find(b"ispe", at + 16)
    return max(sizes, key=lambda size: size[0])[1] if sizes else None


def _svg(head: bytes) -> bytes | None:
    """Return the attributes of the root of an SVG image, None for what is none."""
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
