"""The gain map behind a JPEG: a second JPEG, grey or coloured, that turns the first one into an HDR picture.

It is found, and described again, in the ways that decoders know: MPF (CIPA DC-007), the Ultra HDR image format 1.1 (XMP
of the namespaces hdrgm and Container), and ISO 21496-1.
"""

import struct
from dataclasses import dataclass
from itertools import islice

from scapi.formats.cleaning import hdr_xmp
from scapi.formats.containers import (
    JPEG_EOI,
    JPEG_SOS,
    BrokenFileError,
    Part,
    jpeg_parts,
    jpeg_segment,
)

_APP1, _APP2 = 0xE1, 0xE2
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MPF = b"MPF\0"
_ISO = b"urn:iso:std:iso:ts:21496:-1\0"

# The parameters of three colours take 141 bytes (ISO 21496-1, annex C).
_MAX_ISO_BYTES = len(_ISO) + 256

_MP_ENTRIES_TAG = 0xB002
_MP_ENTRY_BYTES = 16
# Phones write two or three images.
_MAX_CANDIDATES = 4
# Attributes of the first image: baseline MP primary image, in JPEG (CIPA DC-007, 5.2.3.3.1).
_PRIMARY = 0x030000

_BASELINE_TO_PROGRESSIVE = (0xC0, 0xC1, 0xC2)
_MAX_SCANS = 30


@dataclass(frozen=True, slots=True)
class GainMap:
    """A gain map: its segments, and its description as XMP properties and as ISO segments."""

    parts: list[Part]
    properties: hdr_xmp.Properties
    iso: bytes
    iso_in_first: bytes

    def segments(self) -> bytes:
        """Return the segments that the gain map itself contains."""
        xmp = jpeg_segment(_APP1, _XMP + hdr_xmp.of_gain_map(self.properties)) if self.properties else b""
        return xmp + (jpeg_segment(_APP2, self.iso) if self.iso else b"")

    def announcement(self, before: int, behind: int, size: int) -> bytes:
        """Return the segments in the first image that point to the gain map.

        `before` and `behind` are the bytes of the first image before and after these segments; `size` is the gain
        map's.
        """
        xmp = jpeg_segment(_APP1, _XMP + hdr_xmp.of_first_image(self.properties, size)) if self.properties else b""
        segments = xmp + (jpeg_segment(_APP2, self.iso_in_first) if self.iso_in_first else b"")
        mpf_bytes = len(jpeg_segment(_APP2, _mpf(0, 0, 0)))
        first = before + len(segments) + mpf_bytes + behind
        # Offsets count from the TIFF header, which comes behind marker, length and identifier.
        header = before + len(segments) + 4 + len(_MPF)
        return segments + jpeg_segment(_APP2, _mpf(first, size, first - header))


def find(data: bytes, first: list[Part]) -> GainMap | None:
    """Return the gain map behind the first image, whose segments are `first`: the first complete candidate.

    A candidate is where MPF lists an image, or directly after the first image. It may not have more pixels than that.
    """
    for start in islice(dict.fromkeys([first[-1].end, *_listed(data, first)]), _MAX_CANDIDATES):
        try:
            parts = list(jpeg_parts(data, start)) if start >= first[-1].end else []
        except BrokenFileError:
            continue
        if parts and parts[-1].kind[0] == JPEG_EOI and 0 < _pixels(data, parts) <= _pixels(data, first):
            properties = hdr_xmp.read(_body(data, parts, _APP1, _XMP)[len(_XMP) :])
            iso = _body(data, parts, _APP2, _ISO)
            if properties or iso:
                return GainMap(parts, properties, iso, _body(data, first, _APP2, _ISO))
    return None


def _listed(data: bytes, first: list[Part]) -> list[int]:
    """Return the offsets of the images that MPF lists (CIPA DC-007, 5.2.3)."""
    for part in first:
        if part.kind[0] == _APP2 and data.startswith(_MPF, part.body, part.body_end):
            header = part.body + len(_MPF)
            return [header + offset for offset in _mp_offsets(data[header : part.body_end]) if offset]
    return []


def _mp_offsets(tiff: bytes) -> list[int]:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    try:
        (ifd,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, ifd)
        for at in islice(range(ifd + 2, ifd + 2 + 12 * count, 12), 10):
            tag, _, size, value = struct.unpack_from(f"{order}HHII", tiff, at)
            if tag == _MP_ENTRIES_TAG:
                starts = range(value, value + min(size, _MAX_CANDIDATES * _MP_ENTRY_BYTES), _MP_ENTRY_BYTES)
                return [struct.unpack_from(f"{order}I", tiff, start + 8)[0] for start in starts]
    except struct.error:
        pass
    return []


def _mpf(first: int, second: int, offset: int) -> bytes:
    """Return the body of a segment that lists two images by size, and the second by offset (CIPA DC-007, 5.2)."""
    entries = struct.pack(">IIIHH", _PRIMARY, first, 0, 0, 0) + struct.pack(">IIIHH", 0, second, offset, 0, 0)
    fields = (
        struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
        + struct.pack(">HHII", 0xB001, 4, 1, 2)
        + struct.pack(">HHII", _MP_ENTRIES_TAG, 7, len(entries), 50)
    )
    return _MPF + b"MM\0*" + struct.pack(">IH", 8, 3) + fields + bytes(4) + entries


def _body(data: bytes, parts: list[Part], marker: int, prefix: bytes) -> bytes:
    """Return the body of the first segment with this marker and prefix; empty if there is none."""
    limit = _MAX_ISO_BYTES if prefix == _ISO else 65_533
    for part in parts:
        if part.kind[0] == marker and data.startswith(prefix, part.body, part.body_end):
            return data[part.body : part.body_end] if part.body_end - part.body <= limit else b""
    return b""


def _pixels(data: bytes, parts: list[Part]) -> int:
    """Return width x height; 0 for a JPEG that browsers do not decode."""
    if sum(part.kind[0] == JPEG_SOS for part in parts) > _MAX_SCANS:
        return 0
    for part in parts:
        if part.kind[0] in _BASELINE_TO_PROGRESSIVE:
            height, width = struct.unpack_from(">HH", data.ljust(part.body + 5, b"\0"), part.body + 1)
            return int(height * width)
    return 0
