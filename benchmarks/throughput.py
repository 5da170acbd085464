"""Measures the speed of chunks: scapi, its peers and the floor, in turns, in one run.

    python -m benchmarks.throughput [--rounds 5] [--only NAME ...]

The client and the servers share the machine. Only chunks are timed here; `benchmarks.completing` times `complete`. With
scapi's other protocols, the last request also makes the media.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks import processes
from benchmarks.http import Connection
from benchmarks.peers import Peer, Running
from benchmarks.peers.drf import Drf
from benchmarks.peers.floor import Floor
from benchmarks.peers.ours import Scapi, UnsyncedScapi
from benchmarks.peers.protocols import ScapiResumable, ScapiTus
from benchmarks.peers.tus import Tus
from tests import files

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB
MB = 1000 * 1000


@dataclass(frozen=True)
class Workload:
    """`files` files of `size` bytes in chunks of `chunk` bytes, `at_once` of them at a time."""

    name: str
    chunk: int
    files: int
    size: int
    at_once: int


WORKLOADS = (
    Workload("200 KiB chunks, 16 files of 4 MiB, 4 at a time", 200 * KiB, 16, 4 * MiB, 4),
    Workload("200 KiB chunks, one file of 50 MiB", 200 * KiB, 1, 50 * MiB, 1),
    Workload("5 MiB chunks, one file of 512 MiB", 5 * MiB, 1, 512 * MiB, 1),
    Workload("one request, one file of 512 MiB", GiB, 1, 512 * MiB, 1),
)

ENTRANTS: tuple[tuple[Peer, int], ...] = (
    (Scapi(), 1),
    (Scapi(), 2),
    (UnsyncedScapi(), 2),
    (ScapiTus(), 2),
    (ScapiResumable(), 2),
    (Drf(), 1),
    (Drf(), 2),
    (Tus(), 1),
    (Floor(), 2),
)
"""Each server and its number of worker processes."""


@dataclass
class Figures:
    """The measurements of one server with one workload, one value per round; latencies in seconds."""

    speed: list[float] = field(default_factory=list)
    cpu_per_gib: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


def upload(peer: Peer, port: int, data: bytes, chunk: int, latencies: list[float]) -> None:
    """Send one file."""
    name, view = "", memoryview(data)
    with Connection(port) as connection:
        for start in range(0, len(data), chunk):
            began = time.perf_counter()
            name = peer.send(connection, name, view[start : start + chunk], start, len(data))
            latencies.append(time.perf_counter() - began)


def measure(peer: Peer, server: Running, workload: Workload, data: bytes, figures: Figures) -> None:
    """Run the workload once and add the measurements to `figures`."""
    processes.forget_peaks(server.pid)
    idle, cpu, began = (
        processes.resident(server.pid, peak=False),
        processes.cpu_seconds(server.pid),
        time.perf_counter(),
    )
    with ThreadPoolExecutor(workload.at_once) as pool:
        sent = [
            pool.submit(upload, peer, server.port, data, workload.chunk, figures.latencies)
            for _ in range(workload.files)
        ]
        for one in sent:
            one.result()
    seconds, total = time.perf_counter() - began, workload.files * len(data)
    figures.speed.append(total / MB / seconds)
    figures.cpu_per_gib.append((processes.cpu_seconds(server.pid) - cpu) * GiB / total)
    figures.memory.append(processes.resident(server.pid, peak=True) - idle)
    server.clear()


def table(workload: Workload, found: Sequence[tuple[str, Figures]]) -> str:
    """Return a Markdown table of a workload's medians."""
    lines = [
        f"**{workload.name}**",
        "",
        "| server | MB/s | CPU seconds per GiB | p50 ms | p99 ms | peak memory over idle, MiB |",
        "|---|---|---|---|---|---|",
    ]
    for name, figures in found:
        cuts = quantiles(figures.latencies, n=100)
        lines.append(
            f"| {name} | {median(figures.speed):.0f} | {median(figures.cpu_per_gib):.1f} | {cuts[49] * 1000:.1f} "
            f"| {cuts[98] * 1000:.1f} | {max(figures.memory) / MiB:.0f} |"
        )
    return "\n".join(lines)


def ratios(found: Sequence[tuple[str, Figures]]) -> str:
    """Return the ratio of each server's speed to the first one's, as the median over the rounds."""
    lines = []
    for name, figures in found:
        times = ", ".join(
            f"{median(a / b for a, b in zip(figures.speed, other.speed, strict=True)):.2f} x {other_name}"
            for other_name, other in found
            if other_name != name
        )
        lines.append(f"- {name}: {times}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--workload", type=int, nargs="*", default=range(len(WORKLOADS)))
    options = parser.parse_args()
    for workload in (WORKLOADS[number] for number in options.workload):
        entrants = [
            (f"{peer.name}, {workers} worker{'s'[: workers - 1]}", peer, workers)
            for peer, workers in ENTRANTS
            if (not options.only or peer.name in options.only) and (peer.any_size or workload.chunk < workload.size)
        ]
        data = files.pdf(size=workload.size)
        found = {name: Figures() for name, _, _ in entrants}
        with ExitStack() as stack:
            running = {name: stack.enter_context(peer.run(workers)) for name, peer, workers in entrants}
            for name, peer, _ in entrants:  # the first request only loads modules and is not counted
                measure(peer, running[name], workload, data, Figures())
            for number in range(options.rounds):
                turn = entrants[number % len(entrants) :] + entrants[: number % len(entrants)]
                for name, peer, _ in turn:
                    measure(peer, running[name], workload, data, found[name])
        print(table(workload, list(found.items())), ratios(list(found.items())), sep="\n\n", end="\n\n", flush=True)


if __name__ == "__main__":
    main()
