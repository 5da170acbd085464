"""Measures `complete` by the size of the file: python -m benchmarks.completing [--rounds 3]

Documents of 1, 64 and 512 MiB, on local disk and in S3 (SeaweedFS), beside drf-chunked-upload, in turns; then photos of
4 MB, which are decoded and get a thumbnail. Prints medians in milliseconds.
"""

import argparse
import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from benchmarks.http import Connection
from benchmarks.peers import Peer, Running
from benchmarks.peers.drf import Drf
from benchmarks.peers.ours import Scapi
from tests import files, servers

MiB = 1024 * 1024
CHUNK = 5 * MiB
SIZES = (1, 64, 512)
"""MiB of the documents."""

PHOTO = files.jpeg(4000, 3000, noise=True, quality=45)
"""12 megapixels; noise makes it as large as a detailed photo."""


@contextmanager
def entrants() -> Iterator[dict[str, tuple[Peer, Running]]]:
    """Start the servers, one worker each."""
    with ExitStack() as stack:
        s3 = stack.enter_context(servers.seaweedfs())
        settings = s3.process_environment()
        settings.pop("SCAPI_MAX_DOCUMENT_BYTES")
        peers: dict[str, Peer] = {
            "scapi, local disk": Scapi(),
            "scapi, S3": Scapi(**settings),
            "drf-chunked-upload, local disk": Drf(),
        }
        yield {name: (peer, stack.enter_context(peer.run(1))) for name, peer in peers.items()}


def milliseconds(peer: Peer, server: Running, data: bytes, digest: str) -> float:
    """Upload a file and return the duration of its completion."""
    upload, view = "", memoryview(data)
    with Connection(server.port) as connection:
        for start in range(0, len(data), CHUNK):
            upload = peer.send(connection, upload, view[start : start + CHUNK], start, len(data))
        began = time.perf_counter()
        peer.complete(connection, upload, digest)
        took = 1000 * (time.perf_counter() - began)
    server.clear()
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    found: dict[tuple[str, str], list[float]] = {}
    with entrants() as running:
        for label, data in contents():
            digest = hashlib.md5(data).hexdigest()
            for number in range(rounds + 1):
                for name, (peer, server) in running.items():
                    took = milliseconds(peer, server, data, digest)
                    if number:  # the first round only loads modules and is not counted
                        found.setdefault((name, label), []).append(took)
        labels = [f"{size} MiB" for size in SIZES]
        columns = [*labels, f"{labels[-1]} : {labels[0]}", f"photo, {len(PHOTO) / 1e6:.1f} MB"]
        print(f"| complete, ms | {' | '.join(columns)} |")
        print("|---|" + "---|" * len(columns))
        for name in running:
            first, *_, last = (found[name, label] for label in labels)
            ratio = median(b / a for a, b in zip(first, last, strict=True))
            cells = [f"{median(found[name, label]):.1f}" for label in labels]
            print(f"| {name} | {' | '.join(cells)} | {ratio:.2f} | {median(found[name, 'photo']):.1f} |")


def contents() -> Iterator[tuple[str, bytes]]:
    """Yield the files and their names."""
    for size in SIZES:
        yield f"{size} MiB", files.pdf(size=size * MiB)
    yield "photo", PHOTO


if __name__ == "__main__":
    main()
