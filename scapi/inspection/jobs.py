"""The jobs: each is a function about one file and runs in its own process (see child.py).

A job gets the file, a Teller to report to, and the arguments of the request, which are plain JSON. facts.py reads its
report. A verdict about the file is an exception: InvalidImage or InvalidDocument.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pypdfium2  # type: ignore[import-untyped]

from scapi.formats import cleaning, documents, heic, images
from scapi.formats import renditions as versions
from scapi.formats.containers import BrokenFileError
from scapi.formats.filetypes import HEIC, served_as
from scapi.formats.images import ImageLimits
from scapi.inspection.child import LocalFile, Teller

FORMS_SECONDS = 1.0
"""CPU seconds that a PDF with a form may take. After them SIGPROF ends the process; then it is tried without the form.
"""


def image(file: LocalFile, teller: Teller, *, mimetype: str, max_pixels: int, strip: bool) -> None:
    """Prove that an image is complete; report its size, its thumbnail, and the file to serve instead of it, if any.

    A HEIC is converted to a JPEG first; the report is about the JPEG. The file to serve is reported before the image is
    decoded, so that it can be saved meanwhile.
    """
    data, limits = file.read_all(), ImageLimits(max_pixels=max_pixels)
    shown, shown_as = heic.as_jpeg(data, limits) if mimetype == HEIC else data, served_as(mimetype)
    outline = images.outline_of(shown, shown_as, limits)
    try:
        served = cleaning.cleaned(shown, shown_as) if strip else shown
    except BrokenFileError:
        images.decode(outline, shown_as)  # its verdict about the file goes first
        raise
    replaced = served is not data
    teller.facts(replaced=replaced)
    if replaced:
        teller.picture(served)
    del served, shown
    found = images.decode(outline, shown_as)
    thumbnail = found.thumbnail
    teller.facts(
        width=found.width,
        height=found.height,
        frames=found.frames,
        color=thumbnail.color,
        blurhash=thumbnail.blurhash,
        thumbnail={"mimetype": thumbnail.mimetype, "width": thumbnail.width, "height": thumbnail.height},
        replaced=replaced,
    )
    teller.picture(thumbnail.data)


def document(file: LocalFile, teller: Teller, *, forms: bool) -> None:
    """Open a PDF; report its pages, its title, and its first page as a picture and a thumbnail.

    The facts are reported before the page is drawn, so that they are known even if drawing fails.
    """
    pdf = documents.opened(file)
    if pdf is None:
        teller.facts(encrypted=True, pages=None, title=None)
        return
    if forms and pdf.get_formtype() != pypdfium2.raw.FORMTYPE_NONE:
        signal.setitimer(signal.ITIMER_PROF, FORMS_SECONDS)
        pdf.init_forms()  # must come before the pages are counted (pypdfium2); without it, filled-in forms look empty
    known = documents.described(pdf)
    teller.facts(encrypted=False, **known)
    try:
        page = documents.first_page(pdf)
    except (pypdfium2.PdfiumError, ValueError, MemoryError):
        return  # it can be opened but not drawn: a document without a preview
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
    """Make a picture in each of these sizes and types."""
    wanted = [(across, down) for across, down in sizes]
    for made in versions.make(file.read_all(), mimetype, wanted, types, ImageLimits(max_pixels=max_pixels)):
        teller.picture(made)


JOBS: dict[str, Callable[..., Any]] = {"image": image, "document": document, "renditions": renditions}
"""The jobs that a request can name."""
