"""Metadata that names a place."""

import struct
from io import BytesIO

from PIL import Image, ImageSequence

from tests import files

# 48 as an EXIF rational, in both byte orders, with the minutes behind it.
LATITUDE_BYTES = (struct.pack("<4I", 48, 1, 12, 1), struct.pack(">4I", 48, 1, 12, 1))

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description dc:rights="Erika" '
    b"exif:GPSLatitude=\"48,12.5N\" exif:GPSLongitude='16,22.3E'>"
    b"<exif:GPSAltitude>1711/10</exif:GPSAltitude><tiff:Make>Testkamera</tiff:Make><exif:GPSVersionID/>"
    b"<drone:GPSTimes><rdf:Seq><rdf:li>48.2</rdf:li></rdf:Seq></drone:GPSTimes></rdf:Description></rdf:RDF></x:xmpmeta>"
)
PLACELESS_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:rights>Erika</dc:rights></x:xmpmeta>'
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
MAKERS = [(files.jpeg, "image/jpeg"), (files.png, "image/png"), (files.webp, "image/webp")]


def pixels(data: bytes) -> list[bytes]:
    with Image.open(BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


def tiff(order: str = "<", gps: bool = True) -> bytes:
    """IFD0 (orientation 6, GPS, a make), IFD1 with a GPS directory of its own, and the values behind them."""
    place = ((1, 2, 2, b"N\0\0\0"), (2, 5, 3, LATITUDE_BYTES[order == ">"] + struct.pack(order + "2I", 30, 1)))
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = [(0x010F, 2, 4, b"Abc\0"), (0x0112, 3, 1, struct.pack(order + "H", 6) + b"\0\0")]
    tags = 3 if gps else 2
    next_ifd = 8 + 2 + tags * 12 + 4
    gps_ifd = next_ifd + 2 + (2 if gps else 1) * 12 + 4
    pointer = [(0x8825, 4, 1, struct.pack(order + "I", gps_ifd))] if gps else []
    body = ifd(order, first + pointer, next_ifd)
    body += ifd(order, [(0x0103, 3, 1, struct.pack(order + "H", 6) + b"\0\0"), *pointer], 0)
    if gps:
        values = gps_ifd + 2 + 2 * 12 + 4
        entries = [place[0], (2, 5, 3, struct.pack(order + "I", values))]
        body += ifd(order, entries, 0) + place[1][3]
    return header + body


def ifd(order: str, entries: list[tuple[int, int, int, bytes]], following: int) -> bytes:
    packed = b"".join(struct.pack(order + "HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return struct.pack(order + "H", len(entries)) + packed + struct.pack(order + "I", following)
