"""The outer structure of JPEG, PNG, GIF and WebP files: where their parts begin and end, nothing decoded."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# JPEG markers (ITU-T T.81, table B.1).
JPEG_SOI, JPEG_EOI, JPEG_SOS, JPEG_TEM = 0xD8, 0xD9, 0xDA, 0x01

# In entropy-coded data FF is followed by 00 or a restart marker; FF FF is padding before a marker (T.81, B.1.1.2).
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_GIF_IMAGE, _GIF_EXTENSION, _GIF_TRAILER = b",", b"!", b";"


class BrokenFileError(ValueError):
    """The file ends early or is not built as its format says; the message tells a person which."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file: bytes `start` to `end` with everything around its payload, `body` to `body_end` without."""

    kind: bytes
    start: int
    body: int
    body_end: int
    end: int


def jpeg_parts(data: bytes) -> Iterator[Part]:
    """Yield the segments of a JPEG's first image, SOI to EOI; `kind` is the marker's second byte.

    Entropy-coded data belongs to the segment before it, and so does junk between segments, which decoders skip.
    Raises BrokenFileError when the file ends before EOI.
    """
    match = _JPEG_MARKER.match(data)
    while match:
        start, body = match.start(), match.end()
        marker = data[body - 1]
        if marker == JPEG_EOI:
            yield Part(bytes([marker]), start, body, body, body)
            return
        body_end = body
        if marker not in (JPEG_SOI, JPEG_TEM):
            # The two bytes of the length count themselves.
            body_end = body + max(2, int.from_bytes(data[body : body + 2]))
            body += 2
        match = _JPEG_MARKER.search(data, body_end)
        if match:
            yield Part(bytes([marker]), start, body, body_end, match.start())
    raise BrokenFileError("the file ends before the image does")


def png_parts(data: bytes) -> Iterator[Part]:
    """Yield the chunks of a PNG, IHDR to IEND, each with its checksum verified; `kind` is the chunk's type.

    Raises BrokenFileError when a chunk is cut off or its checksum is wrong.
    """
    if not data.startswith(PNG_SIGNATURE):
        raise BrokenFileError("the file does not begin as a PNG does")
    start, kind = len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        body = start + 8
        kind = data[start + 4 : body]
        body_end = body + int.from_bytes(data[start : start + 4])
        end = body_end + 4
        if end > len(data) or len(kind) < 4:
            raise BrokenFileError("the file ends before the image does")
        if zlib.crc32(memoryview(data)[start + 4 : body_end]) != int.from_bytes(data[body_end:end]):
            raise BrokenFileError("a checksum in the file is wrong")
        yield Part(kind, start, body, body_end, end)
        start = end


def webp_parts(data: bytes) -> Iterator[Part]:
    """Yield the chunks of a WebP; `kind` is the chunk's FourCC.

    Raises BrokenFileError when a chunk, or what the RIFF header promises, goes beyond the end of the file.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise BrokenFileError("the file does not begin as a WebP does")
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    start = 12
    while start + 8 <= riff_end:
        body = start + 8
        body_end = body + int.from_bytes(data[start + 4 : body], "little")
        if body_end > min(riff_end, len(data)):
            raise BrokenFileError("the file ends before the image does")
        # Chunks are padded to an even length; some writers leave out the very last byte of padding.
        end = min(body_end + body_end % 2, len(data))
        yield Part(data[start : start + 4], start, body, body_end, end)
        start = body_end + body_end % 2


def gif_parts(data: bytes) -> Iterator[Part]:
    """Yield the blocks of a GIF after its header and global colour table.

    `kind` is `,` for a frame (the body starts with its position and size), `!` and a label for an extension (the
    body is its sub-blocks, lengths included), `;` for the trailer. Raises BrokenFileError when the trailer is missing.
    """
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise BrokenFileError("the file does not begin as a GIF does")
    start = 13 + _gif_colours(data[10])
    while (kind := data[start : start + 1]) != _GIF_TRAILER:
        body = start + 1
        if kind == _GIF_EXTENSION:
            kind, body = data[start : start + 2], start + 2
            end = _gif_sub_blocks_end(data, body)
        elif kind == _GIF_IMAGE and body + 9 <= len(data):
            # Nine bytes of position, size and flags, the local colours, one byte for the LZW code size.
            end = _gif_sub_blocks_end(data, body + 9 + _gif_colours(data[body + 8]) + 1)
        else:
            raise BrokenFileError("the file ends before the image does")
        yield Part(kind, start, body, end, end)
        start = end
    yield Part(kind, start, start + 1, start + 1, start + 1)


def _gif_colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_sub_blocks_end(data: bytes, start: int) -> int:
    while start < len(data):
        length = data[start]
        start += 1 + length
        if not length:
            return start
    raise BrokenFileError("the file ends before the image does")
