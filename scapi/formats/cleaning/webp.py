"""WebP (RFC 9649)."""

from scapi.formats.containers import Part, riff_chunk, riff_chunks, webp_parts

_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_IN_FRAME = frozenset((b"ALPH", b"VP8 ", b"VP8L"))
# Position, size, duration and flags of a frame, before its chunks (section 2.7.1.1).
_FRAME_HEADER_BYTES = 16
# The bits of VP8X that announce EXIF and XMP (section 2.7.1).
_METADATA_FLAGS = 0b0000_1100


def cleaned(data: bytes) -> bytes:
    """Return the file with the chunks that it needs, without EXIF: browsers ignore the orientation in a WebP's EXIF."""
    written = b"".join(riff_chunk(part.kind, _body(data, part)) for part in webp_parts(data) if part.kind in _KEPT)
    return b"RIFF" + (len(written) + 4).to_bytes(4, "little") + b"WEBP" + written


def _body(data: bytes, part: Part) -> bytes:
    body = data[part.body : part.body_end]
    if part.kind == b"VP8X":
        return bytes([body[0] & ~_METADATA_FLAGS]) + body[1:10] if body else body
    if part.kind == b"ANMF":
        chunks = riff_chunks(data, part.body + _FRAME_HEADER_BYTES, part.body_end)
        kept = [riff_chunk(one.kind, data[one.body : one.body_end]) for one in chunks if one.kind in _IN_FRAME]
        return body[:_FRAME_HEADER_BYTES] + b"".join(kept)
    return body
