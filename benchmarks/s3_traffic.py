"""Measures the traffic of an upload to S3: python -m benchmarks.s3_traffic [moto|seaweedfs]

Makes the writes of an upload of 50 MiB, in chunks of 200 KiB and of 8 MiB, to a server behind a counting proxy. Prints
a table, and fails if a figure is over its target.
"""

from __future__ import annotations

import io
import os
import random
import sys
from dataclasses import dataclass
from math import inf

from benchmarks.counting_proxy import Counts, counting_proxy
from storage_backends.base import KiB, MiB
from storage_backends.s3 import S3Backend
from tests import servers

SIZE = 50 * MiB


@dataclass(frozen=True)
class Target:
    """The limits of an upload in chunks of `chunk` bytes: bytes put and read back per byte, requests per chunk."""

    chunk: int
    put: float
    read: float
    requests: float


TARGETS = (Target(200 * KiB, 2.05, 1.05, 2.2), Target(8 * MiB, 1.01, 0.001, inf))


def run(backend: S3Backend, counts: Counts, content: bytes, chunk: int) -> tuple[float, float, float]:
    """Upload `content` in chunks of `chunk` bytes; return bytes put and read back per byte, and requests per chunk."""
    counts.reset()
    key = f"benchmark/{chunk}"
    state = backend.start(key, "application/pdf")
    for offset in range(0, len(content), chunk):
        piece = content[offset : offset + chunk]
        state = backend.write(state, offset, io.BytesIO(piece), len(piece))
    backend.finish(state)
    chunks = -(-len(content) // chunk)
    # Other requests also have bodies, of names and listings; all sent bytes count as put, all GETs as read.
    figures = counts.sent / SIZE, counts.received["GET"] / SIZE, len(counts.exchanges) / chunks
    with backend.open(key) as stream:
        if stream.read() != content:
            raise SystemExit("what was uploaded is not what came back")
    return figures


def main() -> None:
    """Run all and print the table."""
    name = sys.argv[1] if len(sys.argv) > 1 else "seaweedfs"
    start = {"moto": servers.moto_server, "seaweedfs": servers.seaweedfs}[name]
    content = random.Random(0).randbytes(SIZE)
    missed = False
    with start() as server, counting_proxy(server.endpoint_url) as (url, counts):
        os.environ.update(server.environment())
        backend = S3Backend.from_settings(server.settings(SCAPI_S3_ENDPOINT_URL=url))
        print(f"50 MiB to {name}\n")
        print("| chunk | PUT, times its size | read back, times its size | requests per chunk |")
        print("|---|---|---|---|")
        for target in TARGETS:
            put, read, requests = run(backend, counts, content, target.chunk)
            print(f"| {target.chunk // KiB} KiB | {put:.3f} | {read:.4f} | {requests:.2f} |")
            missed |= put > target.put or read > target.read or requests > target.requests
    if missed:
        raise SystemExit("over target")


if __name__ == "__main__":
    main()
