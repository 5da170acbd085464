"""What kind of file it is, by its first bytes, never by its name."""

SIGNATURE_SIZE = 12
"""Bytes that are enough to know, but for a PDF that does not begin with its signature."""

_MAX_BEFORE_PDF = 1024
"""Bytes that may come before a PDF's signature, such as a printer's banner: as many as readers skip (Adobe's
implementation notes on PDF 1.7, H.3, 13)."""

HEAD_SIZE = _MAX_BEFORE_PDF + len(b"%PDF-")
"""Bytes that are looked at."""

UNKNOWN = "application/octet-stream"
"""The type of a file of which too few bytes have come to know."""

PARTIAL = "application/partial-upload"
"""The type of a piece of a file, whose bytes say nothing by themselves."""

JPEG = "image/jpeg"
PDF = "application/pdf"

EXTENSIONS = {
    JPEG: ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    PDF: ".pdf",
}
"""Every type that gets in, and its file name extension."""


def sniff(head: bytes) -> str | None:
    """Return the MIME type of the file that begins with `head`, None if it is none of those that get in.

    `head` has HEAD_SIZE bytes, or all of the file. The signatures are those of the WHATWG MIME Sniffing Standard,
    sections 6.1 and 7.1.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in head[:HEAD_SIZE]:
        return PDF
    return None


def is_image(mimetype: str) -> bool:
    """Whether `mimetype` is an image's."""
    return mimetype.startswith("image/")
