"""The size of a picture on the web, from its first bytes."""

import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import Fetcher, Unwanted, Wanted

HEAD = Wanted("image/webp, image/png, image/jpeg, image/gif, image/*;q=0.5", (), 256 * 1024)
"""The size stands near the beginning: behind a JPEG's metadata and colour profile at the latest."""

FORMATS = ("JPEG", "PNG", "GIF")

_ORIENTATION = 0x0112  # EXIF tag
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels across and down, as a viewer shows the picture."""

    width: int
    height: int


def measure(url: str, fetcher: Fetcher, max_pixels: int, deadline: Deadline) -> Size:
    """Return the size of the JPEG, PNG, GIF or WebP at `url`.

    Raises Forbidden and Unreachable; Unwanted for what is no such picture, or has more pixels than `max_pixels`.
    """
    size = size_of(fetcher.get(url, HEAD, deadline).body)
    if size is None or not 0 < size.width * size.height <= max_pixels:
        raise Unwanted("no picture, or too large a one")
    return size


def size_of(head: bytes) -> Size | None:
    """Return the size of the picture that begins with `head`, None if that is none. Nothing is decoded."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about very large pictures: the caller decides what is too large
            with Image.open(BytesIO(head), formats=FORMATS) as image:
                width, height = image.size
                turned = image.format == "JPEG" and image.getexif().get(_ORIENTATION) in _SIDEWAYS
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, Image.DecompressionBombError):
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
