"""Where a photo was taken, removed from the file that others get to see; pixels are never re-encoded."""

import re
import zlib
from collections.abc import Callable, Iterator
from itertools import zip_longest

from scapi.formats import exif, xmp
from scapi.formats.containers import PNG_SIGNATURE, BrokenFileError, Part, gif_parts, png_parts, webp_parts

# Searched for in the whole file: entropy-coded data cannot contain FF E1, and metadata also sits in the second image
# of an MPO and in embedded thumbnails. The two bytes after the marker are the segment's length, themselves included.
_JPEG_EXIF = re.compile(rb"\xff\xe1(..)Exif\0.", re.DOTALL)
_JPEG_XMP = re.compile(rb"\xff\xe1(..)http://ns\.adobe\.com/xap/1\.0/\0", re.DOTALL)
# Extended XMP (XMP specification part 3, 1.1.3.1): a GUID, the full length, and the offset of this portion.
_JPEG_EXTENDED_XMP = re.compile(rb"\xff\xe1(..)http://ns\.adobe\.com/xmp/extension/\0.{36}(.{4})", re.DOTALL)
# ISO 6709, as in the video that Android and Samsung phones append to a motion photo.
_ISO_6709 = re.compile(rb"[+-]\d\d\.\d{2,8}[+-]\d{3}\.\d{2,8}")

# Metadata inside of metadata: a thumbnail's, in each of the images of an MPO.
_MAX_NESTED = 8

_PNG_XMP = (b"XML:com.adobe.xmp", b"Raw profile type xmp")
_PNG_EXIF = (b"Raw profile type exif", b"Raw profile type APP1", b"Raw profile type app1")
# Bytes that all compressed texts of a file are inflated to together: what Pillow, too, is willing to inflate of one.
_MAX_PNG_TEXT = 1024 * 1024

_GIF_APPLICATION, _GIF_XMP = b"!\xff", b"\x0bXMP DataXMP"


def without_location(data: bytes, mimetype: str) -> bytes:
    """Return the image file without GPS tags: EXIF's (also the thumbnail's) and XMP's, wherever the format has them.

    Everything else stays byte for byte: pixels, orientation, ICC profile, all other metadata. JPEG and WebP keep their
    length. The same object comes back when there is nothing to remove. Metadata that cannot be understood is blanked
    as a whole rather than let a location through; nothing raises. Left alone: maker notes, and places in words (IPTC's
    city, a caption). `data` is a file that images.inspect accepted; of a broken one, what can be read is cleaned.
    """
    cleaners: dict[str, Callable[[bytes], bytes]] = {
        "image/jpeg": _jpeg,
        "image/png": _png,
        "image/webp": _webp,
        "image/gif": _gif,
    }
    cleaned = cleaners[mimetype](data)
    return data if cleaned == data else cleaned


def _readable(parts: Iterator[Part]) -> Iterator[Part]:
    try:
        yield from parts
    except BrokenFileError:
        return


def _jpeg(data: bytes) -> bytes:
    cleaned = bytearray(data)
    for pattern, without_gps, nested in ((_JPEG_EXIF, exif.without_gps, _MAX_NESTED), (_JPEG_XMP, xmp.without_gps, 0)):
        for _, payload in _jpeg_payloads(pattern, data, nested):
            # Read from `cleaned`: a thumbnail's metadata lies inside its parent's, which has been dealt with before.
            cleaned[payload] = without_gps(bytes(cleaned[payload]))
    portions = sorted(_jpeg_payloads(_JPEG_EXTENDED_XMP, data, 0), key=lambda portion: portion[0][2])
    if xmp.mentions_gps(b"".join(data[payload] for _, payload in portions)):
        for _, payload in portions:
            cleaned[payload] = b" " * len(cleaned[payload])
    return _ISO_6709.sub(lambda match: b" " * len(match[0]), bytes(cleaned))


def _jpeg_payloads(pattern: re.Pattern[bytes], data: bytes, nested: int) -> list[tuple[re.Match[bytes], slice]]:
    """Return the segments that `pattern` finds, and where their payloads are.

    A payload ends where the next segment begins, save for `nested` ones: files that claim any number of overlapping
    segments must not cost more than their size.
    """
    matches = list(pattern.finditer(data))
    found = []
    for match, following in zip_longest(matches, matches[1:]):
        end = min(match.start() + 2 + int.from_bytes(match[1]), len(data))
        if following and end > following.start():
            end, nested = (end, nested - 1) if nested else (following.start(), 0)
        found.append((match, slice(match.end(), max(match.end(), end))))
    return found


class _Inflater:
    """Undoes the compression of one file's texts, as far as they are not too much: a kilobyte can hold a megabyte."""

    def __init__(self) -> None:
        self._left = _MAX_PNG_TEXT

    def inflate(self, data: bytes) -> bytes | None:
        """Return the text, None if it is broken, or too long after those before it."""
        if not self._left:
            return None
        inner = zlib.decompressobj()
        try:
            text = inner.decompress(data, self._left)
        except zlib.error:
            return None
        self._left -= len(text)
        return text if inner.eof else None


def _png(data: bytes) -> bytes:
    inflater = _Inflater()
    position = len(PNG_SIGNATURE)
    kept = [data[:position]]
    for chunk in _readable(png_parts(data)):
        body = data[chunk.body : chunk.body_end]
        cleaned = _png_body(chunk.kind, body, inflater)
        if cleaned is body:
            kept.append(data[chunk.start : chunk.end])
        elif cleaned:
            crc = zlib.crc32(chunk.kind + cleaned)
            kept.append(len(cleaned).to_bytes(4) + chunk.kind + cleaned + crc.to_bytes(4))
        position = chunk.end
    return b"".join([*kept, data[position:]])


def _png_body(kind: bytes, body: bytes, inflater: _Inflater) -> bytes:
    if kind == b"eXIf":
        return exif.without_gps(body)
    if kind not in (b"tEXt", b"zTXt", b"iTXt"):
        return body
    keyword = body.partition(b"\0")[0]
    if keyword not in _PNG_XMP + _PNG_EXIF:
        return body
    text, compressed = _png_text(kind, body, inflater)
    if text is None:
        return b""
    if keyword == b"XML:com.adobe.xmp" and not compressed:
        cleaned = xmp.without_gps(text)
        return body if cleaned is text else body[: len(body) - len(text)] + cleaned
    # Compressed or in hexadecimal it cannot be blanked in place; in a PNG nothing points behind it, so it can go.
    return b"" if _png_profile_has_gps(keyword, text) else body


def _png_text(kind: bytes, body: bytes, inflater: _Inflater) -> tuple[bytes | None, bool]:
    """Return a text chunk's text, None when it is longer than allowed or broken, and whether it is compressed."""
    rest = body.partition(b"\0")[2]
    compressed = kind == b"zTXt"
    if compressed:
        rest = rest[1:]
    elif kind == b"iTXt":
        # Compression flag and method, language, translated keyword, text (PNG third edition, 11.3.3.4).
        compressed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return (inflater.inflate(rest), True) if compressed else (rest, False)


def _png_profile_has_gps(keyword: bytes, text: bytes) -> bool:
    profile = text
    if keyword.startswith(b"Raw profile type"):
        # ImageMagick's form: an empty line, a name, a length, then the bytes in hexadecimal, on many lines.
        try:
            profile = bytes.fromhex("".join(text.decode("ascii").split(maxsplit=2)[2:]))
        except ValueError:
            return True
    if keyword in _PNG_XMP or profile.startswith(b"http://ns.adobe.com/"):
        return xmp.mentions_gps(profile)
    tiff = profile.removeprefix(b"Exif\0\0")
    return exif.without_gps(tiff) is not tiff


def _webp(data: bytes) -> bytes:
    cleaned = bytearray(data)
    for chunk in _readable(webp_parts(data)):
        body = data[chunk.body : chunk.body_end]
        if chunk.kind == b"EXIF":
            # Some writers put JPEG's prefix before the TIFF header.
            prefix = 6 if body.startswith(b"Exif\0\0") else 0
            cleaned[chunk.body + prefix : chunk.body_end] = exif.without_gps(body[prefix:])
        elif chunk.kind == b"XMP ":
            cleaned[chunk.body : chunk.body_end] = xmp.without_gps(body)
    return bytes(cleaned)


def _gif(data: bytes) -> bytes:
    kept, position = [], 0
    for block in _readable(gif_parts(data)):
        body = data[block.body : block.body_end]
        if block.kind == _GIF_APPLICATION and body.startswith(_GIF_XMP) and _gif_has_gps(body[len(_GIF_XMP) :]):
            kept.append(data[position : block.start])
            position = block.end
    return b"".join([*kept, data[position:]])


def _gif_has_gps(packet: bytes) -> bool:
    # The specification puts XMP into a GIF as it is; some writers cut it into sub-blocks as everything else is.
    blocks, position = [], 0
    while position < len(packet):
        length = packet[position]
        blocks.append(packet[position + 1 : position + 1 + length])
        position += 1 + length
    return xmp.mentions_gps(packet) or xmp.mentions_gps(b"".join(blocks))
