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
"""CPU time for one file: several times what the largest accepted files take."""

MEMORY_BYTES = 470 * MiB
"""Memory for one file, without the code and libraries that its process shares with the warm process: 512 MiB in all."""

BYTES_PER_PIXEL = {"image/webp": 18}
"""Memory that decoding takes, for types whose largest allowed images would otherwise take more than there is."""

NICENESS = 5
"""The web process has priority for the processor."""

HEIC_CPU_SECONDS = 6
HEIC_MEMORY_BYTES = 800 * MiB
HEIC_GROWTH = 8
"""The same for a HEIC, which is converted to a JPEG of up to this many times its size. libde265 starts a thread."""

MADE_BYTES = 8 * MiB
"""The most bytes of the preview and thumbnail of one file together."""

RENDITION_CPU_SECONDS = 30
RENDITION_MEMORY_BYTES = 800 * MiB
RENDITION_NICENESS = 19
RENDITION_BYTES = 64 * MiB
"""The same for the renditions of a picture. No client waits for them, so everything else goes first. RENDITION_BYTES
limits all of them together.
"""

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Request:
    """What the process is asked: `job` and `arguments` of jobs.py; `picture_bytes` limits the files that it makes."""

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
    """A request about a file, how to read its answer, its order among others, and the answer if it takes too long."""

    source: Source
    request: Request
    rank: Rank
    read: Callable[[Answer], Facts]
    too_complex: Verdict
    without_phase: Request | None = None
    """The request to send instead if one phase of the job takes too long."""
    read_served: Callable[[Answer], bytes | None] | None = None
    """Finds the file to serve instead of an image, which comes before the facts."""
    parts_will_do: bool = False
    """Whether the facts that were sent before the process failed are enough."""


def about_image(source: Source, mimetype: str, *, max_pixels: int, strip: bool) -> Question[ImageFacts]:
    """Ask whether an image is complete, for its size, its thumbnail, and the bytes to serve instead of it, if any."""
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
        read_served=partial(facts.served, mimetype=mimetype),
    )


def about_document(source: Source) -> Question[DocumentFacts]:
    """Ask for the number of pages, the title and, if it can be drawn, a picture of the first page of a PDF."""
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
    """Ask for a picture in each of these sizes and types: all types of the first size, then those of the next."""
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
