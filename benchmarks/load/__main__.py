"""Load by wrk (a Debian package): chunks in, and media, files and tags out, for some seconds each.

    python -m benchmarks.load [--database sqlite|postgresql] [--storage local|moto|seaweedfs] [--connections 8]
        [--seconds 10] [--workers 2]

Client and server share the machine. Fails if any answer was wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import places, processes
from tests import databases, files
from tests.client import upload
from tests.running import ROOT, Server

HERE = Path(__file__).parent
KiB = 1024
MiB = 1024 * KiB

TAGS = 200
CHUNK = 200 * KiB
CHUNKS = 20
"""Chunks per file of 4 MiB."""


def main() -> None:
    """Upload some data, run wrk, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=databases.KINDS, default="postgresql")
    parser.add_argument("--storage", choices=places.STORAGES, default="local")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with places.serve(options.database, options.storage, workers=options.workers) as server:
        print(f"{options}\n\n| what | a second | p50 ms | p90 ms | p99 ms | most ms | MiB/s | refused | broken |")
        print("|---|---|---|---|---|---|---|---|---|")
        failed = 0
        for name, path, script in _targets(server):
            found = _wrk(server.url + path, options.connections, options.seconds, script)
            seconds, refused, broken = found["seconds"], found["refused"], found["broken"]
            moved = found["requests"] * CHUNK if script else found["bytes"]
            times = " | ".join(f"{found[key]:.1f}" for key in ("p50", "p90", "p99", "max"))
            print(
                f"| {name} | {found['requests'] / seconds:.0f} | {times} | {moved / MiB / seconds:.0f} "
                f"| {refused} | {broken} |"
            )
            failed += refused + broken
        resident = processes.resident(server.process.pid, peak=True) if server.process else 0
        print(f"\nmost memory of a process: {resident / MiB:.0f} MiB")
    if failed:
        raise SystemExit(f"{failed} requests failed")


def _targets(server: Server) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the targets: name, path, and the wrk script with its arguments."""
    for number in range(TAGS):
        server.request("POST", "/api/v2/tag/", json={"name": f"tag {number}"}).raise_for_status()
    media = upload(server, files.jpeg(1200, 900, noise=True, seed=1))
    path = str(media["url"]).removeprefix(server.url)
    yield "a chunk of 200 KiB", "/api/v2/media/upload/chunk/", ["chunks.lua", str(CHUNK), str(CHUNKS)]
    yield "a media", f"/api/v2/media/{media['id']}/", []
    yield f"its file, {int(media['size']) // KiB} KiB", path, []
    yield "20 of 200 tags", "/api/v2/tag/", []
    yield "a search for tags", "/api/v2/tag/?search=tag%201", []


def _wrk(url: str, connections: int, seconds: int, script: list[str]) -> dict[str, Any]:
    """Run wrk with one thread per connection, because the chunks of a file must be sent in order."""
    name, *arguments = script or ["gets.lua"]
    command = ["wrk", f"-t{connections}", f"-c{connections}", f"-d{seconds}", "--timeout=30s", "--latency"]
    done = subprocess.run(
        [*command, "-s", str(HERE / name), url, "--", *arguments], cwd=ROOT, check=True, capture_output=True
    )
    found: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
