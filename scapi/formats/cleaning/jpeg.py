"""JPEG, with the gain map of an HDR picture behind it (ITU-T T.81, JFIF 1.02, Exif 3.0)."""

from scapi.formats import exif
from scapi.formats.cleaning import gain_maps
from scapi.formats.containers import JPEG_EOI, JPEG_SOI, JPEG_SOS, Part, jpeg_parts, jpeg_segment

_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
# Tables, frame headers, scans and the other segments that decoders need (T.81, table B.1).
_MAKE_PIXELS = frozenset((JPEG_SOI, JPEG_EOI, *range(0xC0, 0xD0), *range(0xDB, 0xE0)))
_FIRST = (JPEG_SOI, _APP0, _APP1)

_JFIF_BYTES, _ADOBE_BYTES = 14, 12


def cleaned(data: bytes) -> bytes:
    """Return the image without its metadata, and its gain map if that is complete."""
    parts = list(jpeg_parts(data))
    segments = _kept(data, parts)
    gain_map = gain_maps.find(data, parts)
    if gain_map is None:
        return b"".join(written for _, written in segments)
    second = b"".join(written for _, written in _kept(data, gain_map.parts, gain_map.segments()))
    # MPF wants to come behind EXIF.
    at = sum(marker in _FIRST for marker, _ in segments)
    head = b"".join(written for _, written in segments[:at])
    tail = b"".join(written for _, written in segments[at:])
    return head + gain_map.announcement(len(head), len(tail), len(second)) + tail + second


def _kept(data: bytes, parts: list[Part], more: bytes = b"") -> list[tuple[int, bytes | memoryview]]:
    """Return marker and bytes of each segment that stays, with the segments `more` after SOI.

    Application data is kept only before the first scan, where decoders stop reading it; of EXIF only the first.
    """
    view = memoryview(data)
    kept: list[tuple[int, bytes | memoryview]] = []
    in_header, has_exif = True, False
    for part in parts:
        marker = part.kind[0]
        if marker == JPEG_SOS:
            in_header = False
            kept.append((marker, view[part.start : part.end]))
        elif marker in _MAKE_PIXELS:
            kept.append((marker, data[part.start : part.body_end]))
        elif in_header:
            body = data[part.body : part.body_end]
            is_exif = marker == _APP1 and body.startswith(b"Exif\0")
            if not (is_exif and has_exif):
                kept.append((marker, _application_data(marker, body)))
            has_exif = has_exif or is_exif
    kept[1:1] = [(_APP2, more)] if more else []
    return [(marker, written) for marker, written in kept if written]


def _application_data(marker: int, body: bytes) -> bytes:
    """Return the part of an APPn segment that stays: colour storage and colour space, orientation, resolution."""
    if marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= _JFIF_BYTES:
        # The last two bytes are the size of the thumbnail behind them.
        return jpeg_segment(marker, body[: _JFIF_BYTES - 2] + bytes(2))
    if marker == _APP1 and body.startswith(b"Exif\0"):
        tiff = exif.read(body[6:]).tiff()
        return jpeg_segment(marker, b"Exif\0\0" + tiff) if tiff else b""
    if marker == _APP2 and body.startswith(b"ICC_PROFILE\0"):
        return jpeg_segment(marker, body)
    if marker == _APP14 and body.startswith(b"Adobe") and len(body) >= _ADOBE_BYTES:
        return jpeg_segment(marker, body[:_ADOBE_BYTES])
    return b""
