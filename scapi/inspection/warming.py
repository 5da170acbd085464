"""Runs each job once on a built-in file, so that all libraries are loaded: the processes of jobs cannot load any."""

from __future__ import annotations

import codecs
import ctypes
import os
import socket
import tempfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageCms

from scapi.formats import heic
from scapi.formats.filetypes import AVIF, JPEG, PNG, WEBP, has_heic_decoder
from scapi.inspection.child import LocalFile, Teller
from scapi.inspection.jobs import JOBS

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "AVIF": "image/avif"}

ENCODINGS = ("ascii", "latin_1", "utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "cp1252")
"""Text encodings that files can use."""


def warm_up() -> None:
    """Load all that jobs need; PDFium lists the system's fonts."""
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    Image.init()
    if has_heic_decoder():
        heic.decoder()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        teller = _Silent(theirs)
        for job, data, arguments in _tasks():
            JOBS[job](_file(data), teller, **arguments)


class _Silent(Teller):
    """A Teller that sends nothing."""

    def say(self, *_: Any) -> None:
        """Do nothing."""


def _tasks() -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, mimetype in FORMATS.items():
        for mode in ("RGB",) if name == "JPEG" else ("RGB", "RGBA"):
            output = BytesIO()
            Image.new(mode, (8, 8)).save(output, name, icc_profile=profile)
            yield "image", output.getvalue(), {"mimetype": mimetype, "max_pixels": 64, "strip": True}
            wanted = {"sizes": [[4, 4]], "types": [PNG if mode == "RGBA" else JPEG, WEBP, AVIF]}
            yield "renditions", output.getvalue(), {"mimetype": mimetype, "max_pixels": 64, **wanted}
    yield "document", _pdf(), {"forms": False}


def _pdf() -> bytes:
    """Return a page with a letter on it."""
    with pypdfium2.PdfDocument.new() as pdf:
        page = pdf.new_page(72, 72)
        letter = pypdfium2.raw.FPDFPageObj_NewTextObj(pdf, b"Helvetica", 12)
        pypdfium2.raw.FPDFText_SetText(letter, (ctypes.c_ushort * 2)(ord("a"), 0))
        pypdfium2.raw.FPDFPage_InsertObject(page, letter)
        pypdfium2.raw.FPDFPage_GenerateContent(page)
        output = BytesIO()
        pdf.save(output)
    return output.getvalue()


def _file(data: bytes) -> LocalFile:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return LocalFile(os.dup(file.fileno()), len(data))
