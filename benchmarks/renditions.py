"""Measures each kind of file: python -m benchmarks.renditions

It measures the inspection at complete and the making of renditions, each in its own process, as in scapi. Prints the
table of docs/renditions.md: medians of CPU seconds, and the peak memory (MiB) of a process beyond one that does
nothing. For the memory, each process is forked from a fresh one that has imported the libraries and never held a
picture, like scapi's warm process. Otherwise it would reuse memory that its parent has freed, which is not counted.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from scapi.formats import renditions
from scapi.formats.filetypes import HEIC, JPEG, PNG, TYPES, WEBP, served_as
from scapi.inspection import warming
from scapi.inspection.child import LocalFile, Teller
from scapi.inspection.jobs import JOBS
from tests import files
from tests.formats import heics

WIDTHS = (320, 640, 1280, 2048)
ROUNDS = 5
MEMORY_ROUNDS = 3
MAX_PIXELS = 50_000_000
NAMES = {one.mimetype: one.name for one in TYPES}


class Listener(Teller):
    """Receives the messages of a job."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.pictures: list[bytes] = []

    def say(self, *_: Any) -> None:
        """Do nothing."""

    def facts(self, **facts: Any) -> None:
        self.told = facts

    def picture(self, data: bytes) -> None:
        self.pictures.append(data)


class Deaf(Listener):
    """Keeps no picture, like a process that sends it away."""

    def picture(self, data: bytes) -> None:
        """Discard it."""


def kinds() -> dict[str, tuple[str, bytes]]:
    """Return the files: a scene like a camera's, in every type."""
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


def seconds(work: Callable[[], object]) -> float:
    """Run `work` in child processes; return the median of their CPU seconds."""
    used = [usage_of(work) for _ in range(ROUNDS)]
    return median(one.ru_utime + one.ru_stime for one in used)


def peak(job: str, data: bytes, **arguments: Any) -> float:
    """Return the peak memory of a job in MiB."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        request = json.dumps({"job": job, "path": file.name, "arguments": arguments})
        command = [sys.executable, "-m", "benchmarks.renditions", request]
        found = [float(subprocess.check_output(command)) for _ in range(MEMORY_ROUNDS)]
    return median(found)


def print_peak(job: str, path: str, arguments: dict[str, Any]) -> None:
    """Do a job in a fork of this fresh process; print its peak memory in MiB."""
    warming.warm_up()
    gc.collect()
    gc.freeze()

    def work() -> None:
        with Path(path).open("rb") as file:
            JOBS[job](LocalFile(file.fileno(), Path(path).stat().st_size), Deaf(), **arguments)

    idle, busy = (usage_of(one).ru_maxrss for one in (lambda: None, work))  # KiB
    print((busy - idle) / 1024)


def usage_of(work: Callable[[], object]) -> resource.struct_rusage:
    """Run `work` in a child process; return its resource usage."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError("the process failed")
    return usage


def run(job: str, data: bytes, **arguments: Any) -> Listener:
    """Do a job and return its messages."""
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
    both = {"types": [WEBP, fallback], **wanted}
    made = run("renditions", shown, **both).pictures
    cells = [
        name,
        NAMES[served_as(mimetype)],
        f"{len(data) / 1e6:.1f}",
        f"{seconds(lambda: run(job, data, **arguments)):.2f}",
        f"{peak(job, data, **arguments):.0f}",
        f"{seconds(lambda: run('renditions', shown, types=[WEBP], **wanted)):.2f}",
        f"{seconds(lambda: run('renditions', shown, **both)):.2f}",
        f"{peak('renditions', shown, **both):.0f}",
        str(len(sizes)),
        f"{sum(map(len, made)) / 1e6:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    warming.warm_up()
    print("| sent | served as | MB | looked at | MiB | in WebP | with the fallbacks | MiB | widths | MB of all |")
    print("|---" * 10 + "|")
    for name, (mimetype, data) in kinds().items():
        print(row(name, mimetype, data), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print_peak(**json.loads(sys.argv[1]))
    else:
        main()
