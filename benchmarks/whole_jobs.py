"""Whole jobs: from the first chunk until `complete` has answered, or until a page has also loaded the file, its image
and its thumbnail.

    python -m benchmarks.whole_jobs [--rounds 5] [--only NAME ...] [--job NUMBER ...]

All servers run side by side and take turns. The peers do less: drf-chunked-upload reads the file again for its MD5 and
@tus/server hashes nothing; neither inspects a file, makes a picture or syncs. The floor only writes and hashes.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from statistics import median, quantiles

from PIL import Image

from benchmarks import processes
from benchmarks.http import Connection
from benchmarks.peers import Peer, Running
from benchmarks.peers.drf import Drf
from benchmarks.peers.floor import Floor
from benchmarks.peers.ours import PlainScapi, Scapi
from benchmarks.peers.tus import Tus
from tests import files

KiB = 1024
MiB = 1024 * KiB


@dataclass(frozen=True)
class Job:
    """`files` files, made by `make`, in chunks of `chunk` bytes, `at_once` of them at a time, to `workers` workers.

    `shown`: whether the client loads the resulting files, too. The peers have none to load.
    """

    name: str
    make: Callable[[], bytes]
    chunk: int
    files: int
    at_once: int
    workers: int = 2
    shown: bool = True


def _paper(size: int) -> Callable[[], bytes]:
    return lambda: files.pdf(size=size)


def _photo(width: int, height: int, quality: int, calm: float = 0.7) -> Callable[[], bytes]:
    return lambda: files.saved(_scene(width, height, calm), "JPEG", quality=quality, exif=files.exif(6, gps=True))


def _scene(width: int, height: int, calm: float = 0.7) -> Image.Image:
    """A picture with shapes and some noise, like a photo: from 0, only noise, to 1, without any."""
    noise = files.picture(width // 2, height // 2, noise=True).resize((width, height))
    return Image.blend(noise, files.picture(width, height), calm)


KINDS: dict[str, Callable[[], bytes]] = {
    "photo resized by a browser, 600 KB": _photo(2000, 1500, 80, calm=0.78),
    "phone photo, 12 megapixels": _photo(4000, 3000, 85),
    "PDF of 1 MiB": _paper(1 * MiB),
    "PDF of 20 pages": lambda: files.pdf(20),
    "screenshot (PNG)": lambda: files.saved(files.picture(1920, 1080), "PNG"),
    "GIF of 20 frames": lambda: files.gif(20, 480, 360, noise=False),
    "WebP": lambda: files.saved(_scene(1600, 1200), "WEBP", quality=80),
}
"""Typical files of communities."""

UPLOADS = (
    Job("8 PDFs of 1 MiB in one chunk each", _paper(1 * MiB), 2 * MiB, 8, 1, workers=1, shown=False),
    Job("16 PDFs of 4 MiB in 200 KiB chunks, 4 at a time", _paper(4 * MiB), 200 * KiB, 16, 4, shown=False),
    Job("one PDF of 50 MiB in 200 KiB chunks", _paper(50 * MiB - 64 * KiB), 200 * KiB, 1, 1, shown=False),
)
"""Chunks and `complete`: what every server does."""

JOBS = (
    *UPLOADS,
    *(replace(job, name=f"{job.name}, and loaded", shown=True) for job in UPLOADS),
    *(
        Job(f"{kind}, {at_once} at a time", make, 200 * KiB, 8, at_once)
        for kind, make in KINDS.items()
        for at_once in (1, 4)
    ),
)

PEERS: tuple[Peer, ...] = (Scapi(), PlainScapi(), Drf(), Tus(), Floor())


@dataclass
class Figures:
    """The measurements of one server: files per second, CPU seconds per file, one value per round; times in seconds."""

    speed: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    completes: list[float] = field(default_factory=list)


def one(peer: Peer, port: int, data: bytes, digest: str, job: Job, figures: Figures) -> None:
    """Send one file, and load the resulting files if the job wants that."""
    began, upload, view = time.perf_counter(), "", memoryview(data)
    with Connection(port) as connection:
        for start in range(0, len(data), job.chunk):
            upload = peer.send(connection, upload, view[start : start + job.chunk], start, len(data))
        sent = time.perf_counter()
        paths = peer.complete(connection, upload, digest)
        figures.completes.append(time.perf_counter() - sent)
        for path in paths if job.shown else ():
            if not connection.request("GET", path, {}, expect=200).body:
                raise RuntimeError(f"{path} has no bytes")
    figures.times.append(time.perf_counter() - began)


def measure(peer: Peer, server: Running, job: Job, data: bytes, figures: Figures) -> None:
    """Do the job once and add the measurements to `figures`."""
    digest = hashlib.md5(data).hexdigest()
    cpu, began = processes.cpu_seconds(server.pid), time.perf_counter()
    with ThreadPoolExecutor(job.at_once) as pool:
        sent = [pool.submit(one, peer, server.port, data, digest, job, figures) for _ in range(job.files)]
        for each in sent:
            each.result()
    figures.speed.append(job.files / (time.perf_counter() - began))
    figures.cpu.append((processes.cpu_seconds(server.pid) - cpu) / job.files)
    server.clear()


def report(job: Job, size: int, found: dict[str, Figures]) -> str:
    """Return the ratios of a job, then a Markdown table of its medians."""
    first, *others = found.items()
    ratios = ", ".join(
        f"{median(a / b for a, b in zip(first[1].speed, other.speed, strict=True)):.2f} x {name}"
        for name, other in others
    )
    lines = [
        f"**{job.name}** ({size / 1000:.0f} KB each, {job.workers} worker{'s'[: job.workers - 1]})",
        "",
        f"{first[0]} is {ratios or 'alone'}",
        "",
        "| server | files a second | files a CPU second | job p50, p99 ms | complete p50, p99 ms |",
        "|---|---|---|---|---|",
    ]
    for name, figures in found.items():
        lines.append(
            f"| {name} | {median(figures.speed):.1f} | {1 / max(median(figures.cpu), 1e-4):.1f} "
            f"| {_p50_p99(figures.times)} | {_p50_p99(figures.completes)} |"
        )
    return "\n".join(lines)


def _p50_p99(seconds: list[float]) -> str:
    cuts = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
    return f"{1000 * cuts[49]:.0f}, {1000 * cuts[98]:.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--job", type=int, nargs="*", default=range(len(JOBS)))
    options = parser.parse_args()
    peers = [peer for peer in PEERS if not options.only or peer.name in options.only]
    for job in (JOBS[number] for number in options.job):
        data = job.make()
        found = {peer.name: Figures() for peer in peers}
        with ExitStack() as stack:
            running = {peer.name: stack.enter_context(peer.run(job.workers)) for peer in peers}
            for peer in peers:  # the first requests only load modules and are not counted
                measure(peer, running[peer.name], job, data, Figures())
            for number in range(options.rounds):
                for peer in peers[number % len(peers) :] + peers[: number % len(peers)]:
                    measure(peer, running[peer.name], job, data, found[peer.name])
        print(report(job, len(data), found), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
