"""What can be asked about a file: each job is a function that runs in a process of its own (see child.py).

It is given the file, a Teller for what it finds, and the arguments of the request, which are plain JSON. What it tells
is read by facts.py. A verdict about the file is raised: InvalidImage or InvalidDocument.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pypdfium2  # type: ignore[import-untyped]

from scapi.formats import cleaning, documents, heic, images
from scapi.formats import renditions as versions
from scapi.formats.filetypes import HEIC, served_as
from scapi.formats.images import ImageLimits
from scapi.inspection.child import LocalFile, Teller

FORMS_SECONDS = 1.0
"""CPU seconds that a PDF with a form may take. Beyond them SIGPROF ends the process; it is tried without the form."""


def image(file: LocalFile, teller: Teller, *, mimetype: str, max_pixels: int, strip: bool) -> None:
    """Prove an image whole; tell its size, its thumbnail, and what is to be served instead of it if anything is.

    A HEIC is made a JPEG first, which then counts.
    """
    data, limits = file.read_all(), ImageLimits(max_pixels=max_pixels)
    shown = heic.as_jpeg(data, limits) if mimetype == HEIC else data
    found = images.inspect(shown, served_as(mimetype), limits)
    served = cleaning.cleaned(shown, served_as(mimetype)) if strip else shown
    thumbnail = found.thumbnail
    teller.facts(
        width=found.width,
        height=found.height,
        frames=found.frames,
        color=thumbnail.color,
        blurhash=thumbnail.blurhash,
        thumbnail={"mimetype": thumbnail.mimetype, "width": thumbnail.width, "height": thumbnail.height},
        replaced=served is not data,
    )
    teller.picture(thumbnail.data)
    if served is not data:
        teller.picture(served)


def document(file: LocalFile, teller: Teller, *, forms: bool) -> None:
    """Open a PDF; tell its pages, its title, and its first page as a picture and a thumbnail of that.

    What the document is is told before it is drawn: it stays known where drawing fails.
    """
    pdf = documents.opened(file)
    if pdf is None:
        teller.facts(encrypted=True, pages=None, title=None)
        return
    if forms and pdf.get_formtype() != pypdfium2.raw.FORMTYPE_NONE:
        signal.setitimer(signal.ITIMER_PROF, FORMS_SECONDS)
        pdf.init_forms()  # before the pages are counted, says pypdfium2; without, filled-in forms look empty
    known = documents.described(pdf)
    teller.facts(encrypted=False, **known)
    try:
        page = documents.first_page(pdf)
    except (pypdfium2.PdfiumError, ValueError, MemoryError):
        return  # it opens, but cannot be drawn: a document without a preview
    preview, thumbnail = page
    teller.facts(
        encrypted=False,
        **known,
        color=thumbnail.color,
        blurhash=thumbnail.blurhash,
        preview={"width": preview.width, "height": preview.height},
        thumbnail={"mimetype": thumbnail.mimetype, "width": thumbnail.width, "height": thumbnail.height},
    )
    teller.picture(preview.data)
    teller.picture(thumbnail.data)


def renditions(
    file: LocalFile, teller: Teller, *, mimetype: str, sizes: list[list[int]], types: list[str], max_pixels: int
) -> None:
    """Make a picture in each of these sizes, and each size in each of these types."""
    wanted = [(across, down) for across, down in sizes]
    for made in versions.make(file.read_all(), mimetype, wanted, types, ImageLimits(max_pixels=max_pixels)):
        teller.picture(made)


JOBS: dict[str, Callable[..., Any]] = {"image": image, "document": document, "renditions": renditions}
"""What a request may name."""
