"""What each kind of file takes: python -m benchmarks.renditions

Looking at a file when its upload completes, and making its renditions, each in a process of its own as scapi does it.
Prints the table of docs/renditions.md: medians of CPU seconds.
"""

import os
import tempfile
from collections.abc import Callable
from statistics import median
from typing import Any

from scapi.formats import renditions
from scapi.formats.filetypes import HEIC, JPEG, PNG, WEBP, served_as
from scapi.inspection import warming
from scapi.inspection.child import LocalFile, Teller
from scapi.inspection.jobs import JOBS
from tests import files
from tests.formats import heics

WIDTHS = (320, 640, 1280, 2048)
ROUNDS = 5
MAX_PIXELS = 50_000_000


class Listener(Teller):
    """Takes what a job tells."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.pictures: list[bytes] = []

    def say(self, *_: Any) -> None:
        """Say nothing."""

    def facts(self, **facts: Any) -> None:
        self.told = facts

    def picture(self, data: bytes) -> None:
        self.pictures.append(data)


def kinds() -> dict[str, tuple[str, bytes]]:
    """Return the files: a scene as a camera sees it, in every type."""
    from benchmarks.whole_jobs import _scene

    scene = _scene(4000, 3000)
    frames = [_scene(480, 360).rotate(9 * number) for number in range(20)]
    gif = files.saved(frames[0].convert("P"), "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)
    return {
        "JPEG, 12 megapixels": (JPEG, files.saved(scene, "JPEG", quality=85)),
        "JPEG, 12 megapixels, upright": (JPEG, files.saved(scene, "JPEG", quality=85, exif=files.exif(6))),
        "PNG, 12 megapixels": (PNG, files.saved(files.picture(4000, 3000), "PNG")),
        "WebP, 12 megapixels": (WEBP, files.saved(scene, "WEBP", quality=80)),
        "AVIF, 12 megapixels": ("image/avif", files.saved(scene, "AVIF", quality=60, speed=9)),
        "HEIC, 12 megapixels": (HEIC, heics.encoded([scene])),
        "GIF, 20 frames of 480 x 360": ("image/gif", gif),
        "PDF": ("application/pdf", files.pdf(3)),
    }


def measured(work: Callable[[], object]) -> float:
    """Run in a process of its own; return its CPU seconds."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError("the process failed")
    return usage.ru_utime + usage.ru_stime


def run(job: str, data: bytes, **arguments: Any) -> Listener:
    """Do a job and return what it told."""
    listener = Listener()
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        JOBS[job](LocalFile(file.fileno(), len(data)), listener, **arguments)
    return listener


def row(name: str, mimetype: str, data: bytes) -> str:
    """Measure one kind of file."""
    if mimetype == "application/pdf":
        job, arguments = "document", {"forms": False}
    else:
        job, arguments = "image", {"mimetype": mimetype, "max_pixels": MAX_PIXELS, "strip": True}
    found = run(job, data, **arguments)
    shown_as, shown = served_as(mimetype), data
    size = found.told.get("width", 0), found.told.get("height", 0)
    if job == "document":
        shown_as, shown, size = JPEG, found.pictures[0], tuple(found.told["preview"].values())
    elif found.told["replaced"]:
        shown = found.pictures[1]
    fallback = found.told["thumbnail"]["mimetype"]
    sizes = [list(each) for each in renditions.sizes(*size, WIDTHS)]
    wanted = {"mimetype": shown_as, "sizes": sizes, "max_pixels": MAX_PIXELS}
    works: tuple[Callable[[], object], ...] = (
        lambda: run(job, data, **arguments),
        lambda: run("renditions", shown, types=[WEBP], **wanted),
        lambda: run("renditions", shown, types=[WEBP, fallback], **wanted),
    )
    made = run("renditions", shown, types=[WEBP, fallback], **wanted).pictures
    cells = [name, f"{len(data) / 1e6:.1f}"]
    cells += [f"{median(measured(work) for _ in range(ROUNDS)):.2f}" for work in works]
    cells += [str(len(sizes)), f"{sum(map(len, made)) / 1e6:.1f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    warming.warm_up()
    print("| sent | MB | looked at | renditions in WebP | with their fallbacks | sizes | MB of all |")
    print("|---|---|---|---|---|---|---|")
    for name, (mimetype, data) in kinds().items():
        print(row(name, mimetype, data), flush=True)


if __name__ == "__main__":
    main()
