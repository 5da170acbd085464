"""An uploaded PDF, read by PDFium. Some files take PDFium for ever: the caller must limit the time."""

import ctypes
import mmap
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pypdfium2  # type: ignore[import-untyped]

from scapi.formats import images
from scapi.formats.images import Thumbnail
from scapi.formats.sizes import PREVIEW_SIZE, THUMBNAIL_SIZE

JPEG_QUALITY = 80

# fpdfview.h: a password is needed; PDFium does not know the encryption.
_ERR_PASSWORD, _ERR_SECURITY = 4, 5


class InvalidDocument(Exception):
    """A document that is refused: `code` for programs, the message for the person who uploaded it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Preview:
    """The first page on white: a JPEG, and its size in pixels."""

    data: bytes
    width: int
    height: int


def opened(file: Any) -> Any:
    """Open a file as a PDF and return pypdfium2's document; None if a password is needed.

    PDFium repairs damaged files as browsers do. Raises InvalidDocument when it cannot open the file.
    """
    try:
        return pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (_ERR_PASSWORD, _ERR_SECURITY):
            return None
        raise _unreadable() from error


def described(document: Any) -> dict[str, Any]:
    """Return the number of pages and the title of an open PDF. Raises InvalidDocument if it has no pages."""
    pages = len(document)
    if pages < 1:
        raise _unreadable()
    return {"pages": pages, "title": _title(document)}


def first_page(document: Any) -> tuple[Preview, Thumbnail]:
    """Draw the first page on white, its longer side PREVIEW_SIZE pixels; return it and its thumbnail."""
    page = document[0]
    # Four bytes per pixel, like Pillow: the bitmap becomes an image without being copied.
    bitmap = page.render(
        scale=PREVIEW_SIZE / max(page.get_size()),
        rev_byteorder=True,
        force_bitmap_format=pypdfium2.raw.FPDFBitmap_BGRx,
        bitmap_maker=_bitmap,
    )
    image = bitmap.to_pil()
    if max(image.size) > PREVIEW_SIZE:  # PDFium rounds up, which can make it one pixel more
        image = image.crop((0, 0, min(image.width, PREVIEW_SIZE), min(image.height, PREVIEW_SIZE)))
    output = BytesIO()
    image.save(output, "JPEG", quality=JPEG_QUALITY)
    thumbnail = images.thumbnail_of(image.reduce(PREVIEW_SIZE // THUMBNAIL_SIZE))
    return Preview(output.getvalue(), image.width, image.height), thumbnail


def _bitmap(width: int, height: int, format: int, rev_byteorder: bool) -> Any:  # noqa: A002 - as pypdfium2 calls it
    """Return a bitmap of four bytes per pixel, in memory that is there at once: one page after another takes longer."""
    size = width * height * 4
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
    buffer = (ctypes.c_ubyte * size).from_buffer(memory)
    return pypdfium2.PdfBitmap.new_native(width, height, format, rev_byteorder, buffer=buffer)


def _title(document: Any) -> str | None:
    """Return the title from the document's metadata; None when there is none or it is not text."""
    try:
        return document.get_metadata_value("Title") or None
    except UnicodeDecodeError:
        return None


def _unreadable() -> InvalidDocument:
    return InvalidDocument("invalid_pdf", "This PDF cannot be read: it is damaged or incomplete.")
