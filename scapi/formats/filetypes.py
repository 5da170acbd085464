"""The type of a file by its first bytes, never by its name: the one table of types that are accepted or refused."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

SIGNATURE_SIZE = 12
"""This many bytes show the type, except for a PDF that does not begin with its signature, and for some ISO files."""

_MAX_BEFORE_PDF = 1024
"""Bytes that may come before a PDF's signature, such as a printer's banner. Readers skip as many (Adobe's
implementation notes on PDF 1.7, H.3, 13).
"""

HEAD_SIZE = _MAX_BEFORE_PDF + len(b"%PDF-")
"""The number of first bytes that `sniff` looks at."""

UNKNOWN = "application/octet-stream"
"""The type of a file whose first bytes are too few to show its type."""

PARTIAL = "application/partial-upload"
"""The type of a piece of a file (a partial upload), whose bytes do not show a type."""

JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"
HEIC = "image/heic"
AVIF = "image/avif"
PDF = "application/pdf"

HEIC_DECODERS = ("pi_heif", "pillow_heif")
"""HEIC is accepted if one of these modules is installed. The first one is preferred."""


@dataclass(frozen=True, slots=True)
class FileType:
    """An accepted type: its name for people, its file name extension, and how to recognise its first bytes."""

    mimetype: str
    name: str
    extension: str
    begins: Callable[[bytes], bool]
    served_as: str | None = None
    """The type that it is converted to; None: it is served unchanged."""


@dataclass(frozen=True, slots=True)
class RefusedType:
    """A type that people send and that is refused: how to recognise its first bytes, and the message about it."""

    begins: Callable[[bytes], bool]
    message: str


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _brands(*wanted: bytes) -> Callable[[bytes], bool]:
    """Recognise an ISO base media file by the brands in its first box (ISO/IEC 14496-12, 4.3)."""
    return lambda head: not _iso_brands(head).isdisjoint(wanted)


def _iso_brands(head: bytes) -> set[bytes]:
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4]), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}


def _riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"RIFF") and head[8:12] == kind


def _holds(text: bytes) -> Callable[[bytes], bool]:
    return lambda head: text in head[:HEAD_SIZE]


TYPES = (
    # The signatures are those of the WHATWG MIME Sniffing Standard, sections 6.1 and 7.1.
    FileType(JPEG, "JPEG", ".jpg", _starts(b"\xff\xd8\xff")),
    FileType(PNG, "PNG", ".png", _starts(b"\x89PNG\r\n\x1a\n")),
    FileType("image/gif", "GIF", ".gif", _starts(b"GIF87a", b"GIF89a")),
    FileType(WEBP, "WebP", ".webp", _riff(b"WEBP")),
    FileType(AVIF, "AVIF", ".avif", _brands(b"avif", b"avis")),
    FileType(
        HEIC,
        "HEIC",
        ".heic",
        _brands(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
        served_as=JPEG,
    ),
    FileType(PDF, "PDF", ".pdf", _holds(b"%PDF-")),
)
"""Every type that can be accepted."""

_REFUSED = (
    RefusedType(_holds(b"<svg"), "SVG files are not accepted, because they can hold scripts; send a PNG"),
    RefusedType(
        _starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
        "JPEG XL files are not accepted, because most browsers do not show them; send a JPEG",
    ),
    RefusedType(_starts(b"BM"), "BMP files are not accepted; send a PNG or a JPEG"),
    RefusedType(_starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF files are not accepted; send a PNG or a JPEG"),
    RefusedType(
        lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat") or _riff(b"AVI ")(head),
        "videos are not accepted; send an image or a PDF",
    ),
    RefusedType(_starts(b"\x1aE\xdf\xa3", b"OggS", b"FLV\x01"), "videos are not accepted; send an image or a PDF"),
)

_NO_DECODER = "HEIC files are not accepted here, because the server has no decoder for them; send a JPEG"

EXTENSIONS = {one.mimetype: one.extension for one in TYPES}
"""The file name extension of every type."""


def is_enough(head: bytes) -> bool:
    """Return whether `head` is enough to show the type. An ISO file lists its brands in its first box."""
    first_box = int.from_bytes(head[:4]) if head[4:8] == b"ftyp" else 0
    return len(head) >= max(SIGNATURE_SIZE, min(first_box, HEAD_SIZE))


@cache
def has_heic_decoder() -> bool:
    """Return whether a module that decodes HEIC is installed."""
    return any(find_spec(module) for module in HEIC_DECODERS)


def taken() -> list[FileType]:
    """Return the types that this installation accepts."""
    return [one for one in TYPES if one.mimetype != HEIC or has_heic_decoder()]


def sniff(head: bytes) -> str | None:
    """Return the MIME type of the file that begins with `head`; None if it is not one of TYPES.

    `head` has HEAD_SIZE bytes, or all of the file.
    """
    return next((one.mimetype for one in TYPES if one.begins(head)), None)


def why_not(head: bytes) -> str:
    """Return the reason why the file that begins with `head` is not accepted, for the person who sent it."""
    if sniff(head) == HEIC:
        return _NO_DECODER
    names = [one.name for one in taken()]
    others = f"only {', '.join(names[:-1])} and {names[-1]} files are accepted"
    return next((one.message for one in _REFUSED if one.begins(head)), others)


def served_as(mimetype: str) -> str:
    """Return the type that files of `mimetype` are served as."""
    return next((one.served_as or mimetype for one in TYPES if one.mimetype == mimetype), mimetype)


def is_image(mimetype: str) -> bool:
    """Return whether `mimetype` is the type of an image."""
    return mimetype.startswith("image/")
