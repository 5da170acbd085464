"""Measures uploads with a store that is far away: python -m benchmarks.s3_latency [--delay 20] [--files 4] [--trace]

A proxy delays every request to SeaweedFS by some milliseconds. Prints the times of chunks of 200 KiB and of `complete`
for files of 48 MiB and 1 MiB. With --trace it also prints the requests of the slowest chunk and the slowest `complete`
of each, with start and duration, which shows the dependencies.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles
from urllib.parse import urlsplit

from benchmarks.counting_proxy import Counts, Exchange, counting_proxy
from benchmarks.http import Connection
from benchmarks.peers.ours import Scapi
from tests import files, servers

KiB = 1024
MiB = 1024 * KiB
CHUNK = 200 * KiB
SIZES = (48, 1)
"""MiB of the files."""

QUIET = 0.3
"""After this many seconds without a request, the work after an answer has ended."""


@dataclass
class Times:
    """The measurements: seconds and requests of each chunk and each `complete`, including requests after its answer."""

    chunks: list[float] = field(default_factory=list)
    completes: list[float] = field(default_factory=list)
    requests: int = 0
    requests_of_complete: int = 0
    slowest: dict[str, tuple[float, list[str]]] = field(default_factory=dict)

    def note(self, what: str, began: float, took: float, exchanges: list[Exchange]) -> None:
        """Store the requests of the slowest one of its kind."""
        if took > self.slowest.get(what, (0.0, []))[0]:
            self.slowest[what] = took, list(_lines(began, exchanges))


def _lines(began: float, exchanges: list[Exchange]) -> Iterator[str]:
    """Yield a line for each request, in the order in which they began."""
    for one in sorted(exchanges, key=lambda exchange: exchange.began):
        start, took = 1000 * (one.began - began), 1000 * one.took
        sizes = f"{one.sent // KiB:6} KiB out {one.received // KiB:6} KiB in"
        yield f"{start:6.0f} ms + {took:4.0f}  {_operation(one):28} {sizes}"


def _operation(one: Exchange) -> str:
    """Return the operation of a request, from its method and its path (S3 API reference)."""
    parts = urlsplit(one.path)
    if queries := re.findall(r"uploads|uploadId|partNumber|delete|list-type", parts.query):
        return f"{one.method} ?{'&'.join(dict.fromkeys(queries))}"
    kind = "parked" if ".parked/" in parts.path else parts.path.rpartition(".")[2]
    return f"{one.method} {kind if kind.isalpha() else 'file'}"


def _wait_until_quiet(counts: Counts) -> None:
    seen = -1
    while seen != len(counts.exchanges):
        seen = len(counts.exchanges)
        time.sleep(QUIET)


def measure(port: int, peer: Scapi, data: bytes, counts: Counts, times: Times) -> None:
    """Send one file and complete it."""
    digest, view, upload = hashlib.md5(data).hexdigest(), memoryview(data), ""
    counts.reset()
    with Connection(port) as connection:
        for start in range(0, len(data), CHUNK):
            before, began = len(counts.exchanges), time.perf_counter()
            upload = peer.send(connection, upload, view[start : start + CHUNK], start, len(data))
            times.chunks.append(time.perf_counter() - began)
            times.note("chunk", began, times.chunks[-1], counts.exchanges[before:])
        before, began = len(counts.exchanges), time.perf_counter()
        peer.complete(connection, upload, digest)
        times.completes.append(time.perf_counter() - began)
        _wait_until_quiet(counts)
        times.note("complete", began, times.completes[-1], counts.exchanges[before:])
        times.requests += before
        times.requests_of_complete += len(counts.exchanges) - before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=20, help="milliseconds")
    parser.add_argument("--files", type=int, default=4, help="of each size")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trace", action="store_true")
    options = parser.parse_args()
    found = {size: Times() for size in SIZES}
    with ExitStack() as stack:
        s3 = stack.enter_context(servers.seaweedfs())
        url, counts = stack.enter_context(counting_proxy(s3.endpoint_url, options.delay / 1000))
        peer = Scapi(**s3.process_environment() | {"SCAPI_S3_ENDPOINT_URL": url})
        server = stack.enter_context(peer.run(options.workers))
        for number in range(options.files + 1):
            for size, times in found.items():
                data = files.pdf(size=size * MiB - 64 * KiB)
                # the first requests only load modules and are not counted
                measure(server.port, peer, data, counts, times if number else Times())
    _report(found, options.delay)
    if options.trace:
        for size, times in found.items():
            for what, (took, lines) in times.slowest.items():
                print(f"\n{size} MiB, the slowest {what}: {1000 * took:.0f} ms\n" + "\n".join(lines))


def _report(found: dict[int, Times], delay: float) -> None:
    print(f"+{delay:.0f} ms a request, milliseconds\n")
    print("| file | chunk p50 | p99 | max | requests per chunk | complete p50 | max | requests |")
    print("|---|---|---|---|---|---|---|---|")
    for size, times in found.items():
        chunks, completes = (sorted(1000 * one for one in many) for many in (times.chunks, times.completes))
        print(
            f"| {size} MiB | {median(chunks):.0f} | {quantiles(chunks, n=100)[98]:.0f} | {chunks[-1]:.0f} "
            f"| {times.requests / len(chunks):.2f} | {median(completes):.0f} | {completes[-1]:.0f} "
            f"| {times.requests_of_complete / len(completes):.1f} |"
        )


if __name__ == "__main__":
    main()
