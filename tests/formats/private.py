"""Image files with every kind of private metadata."""

import struct
import zlib
from collections.abc import Callable
from functools import cache

from PIL import ImageCms

from tests import files

SECRET = b"48.2083N16.3725E"
"""Must not be found again; it is in every text below."""

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:drone="https://drone.example/1.0/" drone:Latitude="' + SECRET + b'"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x15\x1c\x02\x5a\0\x10" + SECRET + b"\0"
# A video's box with a place, as in a motion photo.
VIDEO = b"\0\0\0\x14ftypisom\0\0\2\0isom" + struct.pack(">I", 8 + 16) + b"loci" + SECRET
RAW_PROFILE = b"\nexif\n%8d\n%s\n" % (len(SECRET), SECRET.hex().encode())


def jpeg_segments() -> dict[str, bytes]:
    """Return segments, each beginning with its marker."""
    extended = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">II", len(XMP), 0) + XMP
    return {
        "EXIF": b"\xe1" + files.exif(6, gps=True).tobytes(),
        "XMP": b"\xe1" + XMP_MARK + XMP,
        "extended XMP": b"\xe1" + extended,
        "IPTC": b"\xed" + IPTC,
        "FLIR": b"\xe1FLIR\0\1\0\1" + SECRET,
        "comment": b"\xfe" + SECRET,
        "Ducky": b"\xecDucky\0\2\0\4" + SECRET,
        "thumbnail": b"\xe0JFXX\0\x10" + SECRET,
        "FlashPix": b"\xe2FPXR\0" + SECRET,
        "ISO without a gain map": b"\xe2urn:iso:std:iso:ts:21496:-1\0" + SECRET,
        "unknown": b"\xef" + SECRET,
    }


def png_chunks() -> dict[str, bytes]:
    """Return chunks, each beginning with its type."""
    return {
        "text": b"tEXtexif:GPSLatitude\0" + SECRET,
        "compressed text": b"zTXtRaw profile type APP1\0\0" + zlib.compress(RAW_PROFILE, 0),
        "XMP": b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + XMP,
        "EXIF": b"eXIf" + files.exif(6, gps=True).tobytes().removeprefix(b"Exif\0\0"),
        "time": b"tIME" + struct.pack(">HBBBBB", 2024, 2, 29, 12, 0, 0),
        "histogram": b"hIST" + SECRET,
        "palette": b"sPLT" + SECRET + b"\0\x08",
        "unknown": b"prVt" + SECRET,
    }


def gif_blocks() -> dict[str, bytes]:
    """Return extensions."""
    packet = XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0"
    sub_block = bytes([len(SECRET)]) + SECRET + b"\0"
    return {
        "comment": b"!\xfe" + sub_block,
        "plain text": b"!\x01\x0c" + bytes(12) + sub_block,
        "XMP": b"!\xff\x0bXMP DataXMP" + packet,
        "application": b"!\xff\x0bPRIVATE 1.0" + sub_block,
        "loop and more": b"!\xff\x0bNETSCAPE2.0\x03\x01\x05\0" + sub_block,
        "unknown": b"!\x42" + sub_block,
    }


def webp_chunks() -> dict[str, bytes]:
    """Return chunks, each beginning with its FourCC."""
    return {
        "EXIF": b"EXIF" + files.exif(6, gps=True).tobytes(),
        "XMP": b"XMP " + XMP,
        "unknown": b"PRVT" + SECRET,
    }


def with_jpeg_segments(data: bytes, segments: list[bytes]) -> bytes:
    """Return the JPEG with more segments, in this order."""
    for segment in reversed(segments):
        data = files.with_jpeg_segment(data, segment[0], segment[1:])
    return data


def with_png_chunks(data: bytes, chunks: list[bytes]) -> bytes:
    """Return the PNG with more chunks, in this order."""
    for chunk in reversed(chunks):
        data = files.with_png_chunk(data, chunk[:4], chunk[4:])
    return data


def with_gif_blocks(data: bytes, blocks: list[bytes]) -> bytes:
    """Return the GIF with more extensions before all others."""
    start = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    return data[:start] + b"".join(blocks) + data[start:]


def with_webp_chunks(data: bytes, chunks: list[bytes]) -> bytes:
    """Return the WebP with more chunks after all others."""
    body = data[8:]
    for chunk in chunks:
        body += chunk[:4] + struct.pack("<I", len(chunk) - 4) + chunk[4:] + bytes(len(chunk) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@cache
def every_kind() -> dict[str, tuple[bytes, str]]:
    """Return file and type by name: every container plain, animated and with a profile, with all metadata."""
    jpegs = {
        "jpeg": files.jpeg(icc_profile=PROFILE, dpi=(300, 300)),
        "progressive": files.jpeg(progressive=True, exif_orientation=3),
        "mpo": files.mpo(gps=True),
        "ultra-hdr": ultra_hdr(),
    }
    pngs = {
        "png": files.png(icc_profile=PROFILE, dpi=(300, 300)),
        "apng": files.png(frames=3, mode="RGBA"),
        "palette": files.saved(files.picture(20, 20).convert("P"), "PNG", transparency=3),
    }
    gifs = {"gif": files.gif(1), "gif-animated": files.gif(3)}
    webps = {
        "webp": files.webp(icc_profile=PROFILE, exif=files.exif(6)),
        "webp-lossless": files.webp(lossless=True, mode="RGBA", exif=files.exif(6)),
        "webp-animated": files.webp(frames=3, gps=True),
    }
    made: dict[str, tuple[bytes, str]] = {}
    add: list[tuple[dict[str, bytes], str, Callable[[bytes, list[bytes]], bytes], dict[str, bytes]]] = [
        (jpegs, "image/jpeg", with_jpeg_segments, jpeg_segments()),
        (pngs, "image/png", with_png_chunks, png_chunks()),
        (gifs, "image/gif", with_gif_blocks, gif_blocks()),
        (webps, "image/webp", with_webp_chunks, webp_chunks()),
    ]
    for plain, mimetype, with_parts, parts in add:
        for name, data in plain.items():
            # In an Ultra HDR file, nothing may be inserted before the targets of its offsets.
            dirty = data if name == "ultra-hdr" else with_parts(data, list(parts.values()))
            made[name] = dirty + VIDEO, mimetype
    return made


def ultra_hdr(*, size: tuple[int, int] = (64, 48), xmp: bool = True, iso: bool = False) -> bytes:
    """Return a JPEG with a gain map, as Android's cameras write it: with private metadata in both images."""
    about = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="' + SECRET + b'">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        b'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" %s '
        b'dc:rights="' + SECRET + b'">%s</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    properties = (
        b'hdrgm:Version="1.0" hdrgm:GainMapMax="2.5" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="2.3" '
        b'hdrgm:BaseRenditionIsHDR="False"'
    )
    gamma = b"<hdrgm:Gamma><rdf:Seq><rdf:li>1</rdf:li><rdf:li>0.9</rdf:li><rdf:li>1e0</rdf:li></rdf:Seq></hdrgm:Gamma>"
    urn = b"\xe2urn:iso:std:iso:ts:21496:-1\0"
    second = [b"\xe1" + XMP_MARK + about % (properties, gamma)] if xmp else []
    second += [urn + bytes(range(61))] if iso else []
    gain_map = with_jpeg_segments(files.jpeg(*size, seed=2), [*second, b"\xfe" + SECRET])
    first = [b"\xe1" + files.exif(6, gps=True).tobytes(), b"\xe1" + XMP_MARK + about % (b'hdrgm:Version="1.0"', b"")]
    first += [urn + bytes(4)] if iso else []
    plain = files.jpeg(64, 48)
    # Two images by size and offset, counted from the TIFF header (CIPA DC-007, 5.2).
    entries = struct.pack(">HHII", 0xB001, 4, 1, 2) + struct.pack(">HHII", 0xB002, 7, 32, 38)
    for offset in (0, 0):
        index = struct.pack(">IIIHH", 0x030000, 0, 0, 0, 0) + struct.pack(">IIIHH", 0, len(gain_map), offset, 0, 0)
        mpf = b"\xe2MPF\0MM\0*" + struct.pack(">IH", 8, 2) + entries + bytes(4) + index
        image = with_jpeg_segments(plain, [*first, mpf])
    offset = len(image) - image.index(b"MM\0*", image.index(b"MPF\0"))
    at = image.index(b"MPF\0") + 4 + 38 + 16 + 8
    return image[:at] + struct.pack(">I", offset) + image[at + 4 :] + gain_map
