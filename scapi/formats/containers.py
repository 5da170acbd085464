"""The outer structure of JPEG, PNG, GIF and WebP files: where their parts begin and end. Nothing is decoded.

Every walk is linear in the size of the file. One call searches at most SEARCH_BYTES, so that other threads can run.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# JPEG markers (ITU-T T.81, table B.1).
JPEG_SOI, JPEG_EOI, JPEG_SOS, JPEG_TEM = 0xD8, 0xD9, 0xDA, 0x01

GIF_IMAGE, GIF_EXTENSION, GIF_TRAILER = b",", b"!", b";"

MAX_PARTS = 50_000
"""The most segments, chunks or blocks of a file. A writer that cuts pixels into 256-byte pieces needs 20,000 for 5 MB.
"""

SEARCH_BYTES = 256 * 1024

# In entropy-coded data FF is followed by 00 or a restart marker; FF FF is padding before a marker (T.81, B.1.1.2).
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_ENDS_EARLY = "the file ends before the image does"


class BrokenFileError(ValueError):
    """The file ends early or is not built as its format says; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file: bytes `start` to `end`, of which `body` to `body_end` are its payload.

    `intact`: False if the part has a wrong checksum.
    """

    kind: bytes
    start: int
    body: int
    body_end: int
    end: int
    intact: bool = True


def jpeg_parts(data: bytes, start: int = 0) -> Iterator[Part]:
    """Yield the segments of the JPEG image that begins at `start`, SOI to EOI; `kind` is the marker's second byte.

    Entropy-coded data belongs to the segment before it, and so does junk between segments, which decoders skip. If the
    file ends in the data of a scan, the last part reaches to the end and there is no EOI. Raises BrokenFileError if the
    file ends anywhere else.
    """
    at: int | None = start if _JPEG_MARKER.match(data, start) else None
    marker = 0
    for _ in range(MAX_PARTS):
        if at is None:
            raise BrokenFileError(_ENDS_EARLY)
        marker, body = data[at + 1], at + 2
        if marker == JPEG_EOI:
            yield Part(bytes([marker]), at, body, body, body)
            return
        body_end = body
        if marker not in (JPEG_SOI, JPEG_TEM):
            # The two bytes of the length count themselves.
            body_end = body + max(2, int.from_bytes(data[body : body + 2]))
            body += 2
        following = _next_jpeg_marker(data, body_end)
        if following is None:
            if marker != JPEG_SOS or body_end > len(data):
                raise BrokenFileError(_ENDS_EARLY)
            yield Part(bytes([marker]), at, body, body_end, len(data))
            return
        yield Part(bytes([marker]), at, body, body_end, following)
        at = following
    raise BrokenFileError(f"it has more than {MAX_PARTS} segments")


def _next_jpeg_marker(data: bytes, start: int) -> int | None:
    while start < len(data):
        # One byte more: a marker may lie across the border.
        if match := _JPEG_MARKER.search(data, start, start + SEARCH_BYTES + 1):
            return match.start()
        start += SEARCH_BYTES
    return None


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG; `body` has at most 65,533 bytes."""
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def png_parts(data: bytes) -> Iterator[Part]:
    """Yield the chunks of a PNG, IHDR to IEND; `kind` is the chunk's type.

    Raises BrokenFileError when a chunk is cut off, or the checksum of a critical chunk is wrong. The type of a critical
    chunk begins with an upper-case letter (PNG third edition, 5.4).
    """
    if not data.startswith(PNG_SIGNATURE):
        raise BrokenFileError("the file does not begin as a PNG does")
    start = len(PNG_SIGNATURE)
    view = memoryview(data)
    for _ in range(MAX_PARTS):
        body = start + 8
        kind = data[start + 4 : body]
        body_end = body + int.from_bytes(data[start : start + 4])
        end = body_end + 4
        if end > len(data) or len(kind) < 4:
            raise BrokenFileError(_ENDS_EARLY)
        intact = zlib.crc32(view[start + 4 : body_end]) == int.from_bytes(data[body_end:end])
        if not intact and kind[:1].isupper():
            raise BrokenFileError("a checksum in the file is wrong")
        yield Part(kind, start, body, body_end, end, intact)
        if kind == b"IEND":
            return
        start = end
    raise BrokenFileError(f"it has more than {MAX_PARTS} chunks")


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG, with its checksum."""
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def webp_parts(data: bytes) -> Iterator[Part]:
    """Yield the chunks of a WebP; `kind` is the chunk's FourCC.

    Raises BrokenFileError when a chunk, or the size in the RIFF header, goes beyond the end of the file.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise BrokenFileError("the file does not begin as a WebP does")
    yield from riff_chunks(data, 12, 8 + int.from_bytes(data[4:8], "little"))


def riff_chunks(data: bytes, start: int, end: int) -> Iterator[Part]:
    """Yield the RIFF chunks between two offsets. Raises BrokenFileError when one goes beyond `end` or the data."""
    for _ in range(MAX_PARTS):
        if start + 8 > end:
            return
        body = start + 8
        body_end = body + int.from_bytes(data[start + 4 : body], "little")
        if body_end > min(end, len(data)):
            raise BrokenFileError(_ENDS_EARLY)
        # Chunks are padded to an even length; some writers leave out the very last byte of padding.
        padded = body_end + body_end % 2
        yield Part(data[start : start + 4], start, body, body_end, min(padded, len(data)))
        start = padded
    raise BrokenFileError(f"it has more than {MAX_PARTS} chunks")


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a RIFF chunk, padded to an even length."""
    return kind + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def gif_parts(data: bytes) -> Iterator[Part]:
    """Yield the blocks of a GIF after its header and global colour table.

    `kind` is `,` for a frame (the body starts with its position and size), `!` and a label for an extension (the body
    is its sub-blocks, lengths included), `;` for the trailer. After a frame, any byte that begins no block ends the
    file like a trailer, and so does the end of the data. The decoder finds out whether the last frame is complete.
    Raises BrokenFileError if there is no frame.
    """
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise BrokenFileError("the file does not begin as a GIF does")
    start = gif_blocks_start(data)
    frames = 0
    for _ in range(MAX_PARTS):
        kind = data[start : start + 1]
        body = start + 1
        if kind == GIF_EXTENSION:
            kind, body = data[start : start + 2], start + 2
            end = _gif_sub_blocks_end(data, body)
        elif kind == GIF_IMAGE and body + 9 <= len(data):
            # Nine bytes of position, size and flags, the local colours, one byte for the LZW code size.
            end = _gif_sub_blocks_end(data, body + 9 + _gif_colours(data[body + 8]) + 1)
            frames += 1
        elif kind == GIF_TRAILER:
            yield Part(kind, start, body, body, body)
            return
        elif frames and kind != GIF_IMAGE:
            return
        else:
            raise BrokenFileError(_ENDS_EARLY)
        yield Part(kind, start, body, end, end)
        start = end
    raise BrokenFileError(f"it has more than {MAX_PARTS} blocks")


def gif_blocks_start(data: bytes) -> int:
    """Return where the blocks of a GIF begin: after its header and global colour table."""
    return 13 + _gif_colours(data[10])


def _gif_colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_sub_blocks_end(data: bytes, start: int) -> int:
    """Return the end of the sub-blocks that begin at `start`; the end of the data if they are cut off."""
    while start < len(data):
        length = data[start]
        start += 1 + length
        if not length:
            return start
    return len(data)
