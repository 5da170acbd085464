"""What the web process can ask about a file; jobs.py has the other half of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from scapi.formats.filetypes import HEIC
from scapi.inspection import facts
from scapi.inspection.facts import DocumentFacts, ImageFacts
from scapi.inspection.outcomes import Answer, Verdict
from scapi.inspection.places import Rank
from scapi.inspection.sources import Source

MiB = 1024 * 1024

CPU_SECONDS = 4
"""CPU time for one file: several times of what the largest that are accepted take."""

MEMORY_BYTES = 470 * MiB
"""Memory for one file, beside the code and libraries that its process shares with the warm one: 512 MiB in all."""

BYTES_PER_PIXEL = {"image/webp": 18}
"""What decoding takes of memory, where the largest images that settings allow would take more than there is."""

NICENESS = 5
"""The web process goes first where both want a processor."""

HEIC_CPU_SECONDS = 6
HEIC_MEMORY_BYTES = 800 * MiB
HEIC_GROWTH = 8
"""The same for a HEIC, which is decoded and made a JPEG of up to so many times its size. libde265 starts a thread."""

MADE_BYTES = 8 * MiB
"""Previews and thumbnails of one file together."""

RENDITION_CPU_SECONDS = 30
RENDITION_MEMORY_BYTES = 800 * MiB
RENDITION_NICENESS = 19
RENDITION_BYTES = 64 * MiB
"""The same for the renditions of a picture, which nobody waits for: everything else goes first. RENDITION_BYTES bounds
all of them together."""

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Request:
    """What goes to the process: `job` and `arguments` are those of jobs.py, `picture_bytes` bounds what it makes."""

    job: str
    arguments: dict[str, Any]
    picture_bytes: int = MADE_BYTES
    cpu_seconds: int = CPU_SECONDS
    memory_bytes: int = MEMORY_BYTES
    threads: bool = False
    """Whether the process may start threads."""
    niceness: int = NICENESS


@dataclass(frozen=True, slots=True)
class Question(Generic[Facts]):
    """A request about a file, how its answer is read, whose turn it is, and what the answer is if it takes too long."""

    source: Source
    request: Request
    rank: Rank
    read: Callable[[Answer], Facts]
    too_complex: Verdict
    without_phase: Request | None = None
    """What is asked instead if one phase of the job takes too long."""
    parts_will_do: bool = False
    """Whether what was said before the process failed is an answer."""


def about_image(source: Source, mimetype: str, *, max_pixels: int, strip: bool) -> Question[ImageFacts]:
    """Ask whether an image is whole, for its size, its thumbnail, and its bytes without what is not to be served."""
    most = min(max_pixels, MEMORY_BYTES // BYTES_PER_PIXEL.get(mimetype, 1))
    request = Request(
        "image",
        {"mimetype": mimetype, "max_pixels": most, "strip": strip},
        picture_bytes=MADE_BYTES + 2 * source.size,
    )
    if mimetype == HEIC:
        request = replace(
            request,
            picture_bytes=MADE_BYTES + HEIC_GROWTH * source.size,
            cpu_seconds=HEIC_CPU_SECONDS,
            memory_bytes=HEIC_MEMORY_BYTES,
            threads=True,
        )
    return Question(
        source,
        request,
        Rank.IMAGE,
        partial(facts.of_image, mimetype=mimetype),
        Verdict("image_too_complex", "This image cannot be decoded: it takes too much time."),
    )


def about_document(source: Source) -> Question[DocumentFacts]:
    """Ask for the pages, the title and a picture of the first page of a PDF, where that can be drawn."""
    return Question(
        source,
        Request("document", {"forms": True}),
        Rank.DOCUMENT,
        facts.of_document,
        Verdict("pdf_too_complex", "This PDF cannot be opened: it is damaged, or takes too much time."),
        without_phase=Request("document", {"forms": False}),
        parts_will_do=True,
    )


def for_renditions(
    source: Source, mimetype: str, sizes: Sequence[tuple[int, int]], types: Sequence[str], *, max_pixels: int
) -> Question[list[bytes]]:
    """Ask for a picture in each of these sizes, and each size in each of these types, in this order."""
    return Question(
        source,
        Request(
            "renditions",
            {
                "mimetype": mimetype,
                "sizes": [list(size) for size in sizes],
                "types": list(types),
                "max_pixels": max_pixels,
            },
            picture_bytes=RENDITION_BYTES,
            cpu_seconds=RENDITION_CPU_SECONDS,
            memory_bytes=RENDITION_MEMORY_BYTES,
            niceness=RENDITION_NICENESS,
        ),
        Rank.BACKGROUND,
        partial(facts.of_renditions, types=list(types) * len(sizes)),
        Verdict("image_too_complex", "Renditions of this image take too much time."),
    )
