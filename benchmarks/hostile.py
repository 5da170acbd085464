"""Files that take long to inspect, many at once, and what others notice: python -m benchmarks.hostile [--files 16]

Another client sends chunks of 200 KiB and asks for /healthz, first alone, then while all the files are completed at
once by as many users. Prints the p99 of the chunks, the slowest /healthz, and the peaks of memory.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

from PIL import Image

from benchmarks import processes
from benchmarks.http import MULTIPART, Connection, form
from benchmarks.peers import Running
from benchmarks.peers.ours import CHUNK, COMPLETE, Scapi
from scapi.http import auth
from tests import files
from tests.running import SECRET

KiB = 1024
MiB = 1024 * KiB
QUIET_SECONDS = 6
BETWEEN_LOOKS = 0.05


def nested_forms(levels: int = 9, each: int = 10) -> bytes:
    """A PDF of some KiB whose page draws a form that draws ten forms, and so on: a billion rectangles."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 600]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>",
        b"<</Length 5>>stream\n/X Do\nendstream",
    ]
    for level in range(1, levels + 1):
        drawn = b"/X Do " * each if level < levels else b"0 0 599 599 re f " * each
        below = b"/Resources<</XObject<</X %d 0 R>>>>" % (level + 5) if level < levels else b""
        kind = b"/Type/XObject/Subtype/Form/BBox[0 0 600 600]/Group<</S/Transparency>>"
        bodies.append(b"<<%s%s/Length %d>>stream\n%s\nendstream" % (kind, below, len(drawn), drawn))
    data = b"%PDF-1.7\n" + b"".join(b"%d 0 obj%s endobj\n" % one for one in enumerate(bodies, 1))
    return data + b"trailer<</Size %d/Root 1 0 R>>\n%%%%EOF" % (len(bodies) + 1)


def large_webp() -> bytes:
    """A WebP of some hundred bytes with as many pixels as are taken."""
    return files.saved(Image.new("RGB", (5000, 5000)), "WEBP", lossless=True)


KINDS: dict[str, Callable[[], bytes]] = {"PDFs of nested forms": nested_forms, "large WebPs": large_webp}


@dataclass
class Others:
    """What another client notices, in seconds."""

    chunks: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)


class Peaks:
    """The most memory in bytes that a web process, and a process that inspects, has had."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.web = self.inspecting = self.at_once = 0

    def look(self) -> None:
        """Look at all processes of the server."""
        inspecting = 0
        for member in processes.group(self._pid):
            try:
                program = Path(f"/proc/{member}/cmdline").read_bytes()
                status = Path(f"/proc/{member}/status").read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                continue
            peak = next((int(line.split()[1]) * KiB for line in status if line.startswith("VmHWM:")), 0)
            if b"warm.py" in program:
                inspecting += 1
                self.inspecting = max(self.inspecting, peak)
            else:
                self.web = max(self.web, peak)
        self.at_once = max(self.at_once, inspecting)


@contextmanager
def others(port: int) -> Iterator[Others]:
    """Let another client send chunks, and one ask for /healthz, as long as this context lasts."""
    seen, over = Others(), threading.Event()
    threads = [threading.Thread(target=work, args=(port, seen, over)) for work in (_send_chunks, _ask)]
    for thread in threads:
        thread.start()
    yield seen
    over.set()
    for thread in threads:
        thread.join()


def _send_chunks(port: int, seen: Others, over: threading.Event) -> None:
    data, peer = b"%PDF-1.7\n" + os.urandom(4 * MiB), Scapi()
    with Connection(port) as connection:
        while not over.is_set():
            upload = ""
            for start in range(0, len(data), 200 * KiB):
                began = time.perf_counter()
                upload = peer.send(connection, upload, data[start : start + 200 * KiB], start, len(data))
                seen.chunks.append(time.perf_counter() - began)


def _ask(port: int, seen: Others, over: threading.Event) -> None:
    with Connection(port) as connection:
        while not over.wait(BETWEEN_LOOKS):
            began = time.perf_counter()
            connection.request("GET", "/healthz", {}, expect=200)
            seen.health.append(time.perf_counter() - began)


def _token(user_id: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {auth.make_token(user_id, SECRET, timedelta(hours=1))}"}


def _begin(port: int, data: bytes, user_id: int) -> str:
    headers = {**_token(user_id), "Content-Type": MULTIPART}
    with Connection(port) as connection:
        body = form({}, ("image", "file", data))
        upload: str = connection.request("POST", CHUNK, headers, body, expect=201).json()["upload_id"]
    return upload


def _complete(port: int, upload: str, digest: str, user_id: int) -> int:
    headers = {**_token(user_id), "Content-Type": MULTIPART}
    with Connection(port) as connection:
        return connection.request("POST", COMPLETE, headers, form({"upload_id": upload, "md5": digest})).status


def measure(server: Running, name: str, data: bytes, count: int) -> None:
    """Complete `count` files at once, and print what others have noticed."""
    digest, port = hashlib.md5(data).hexdigest(), server.port
    with others(port) as quiet:
        time.sleep(QUIET_SECONDS)
    uploads = [_begin(port, data, number) for number in range(1, count + 1)]
    processes.forget_peaks(server.pid)
    peaks, began = Peaks(server.pid), time.perf_counter()
    with ThreadPoolExecutor(count) as pool, others(port) as meanwhile:
        asked = [pool.submit(_complete, port, upload, digest, user) for user, upload in enumerate(uploads, 1)]
        while not all(one.done() for one in asked):
            peaks.look()
            time.sleep(4 * BETWEEN_LOOKS)
    took = time.perf_counter() - began
    before, after = (quantiles(seen.chunks, n=100)[98] for seen in (quiet, meanwhile))
    print(
        f"| {count} {name}, {len(data)} bytes | {took:.1f} s, {dict(Counter(one.result() for one in asked))} "
        f"| {1000 * max(meanwhile.health):.0f} ms | {1000 * median(quiet.chunks):.1f}, {1000 * before:.1f} "
        f"| {1000 * median(meanwhile.chunks):.1f}, {1000 * after:.1f} | {after / before:.1f} x "
        f"| {peaks.web // MiB} MiB | {peaks.inspecting // MiB} MiB, {peaks.at_once} |",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    print("| what | answers | /healthz max | chunks alone p50, p99 ms | meanwhile | p99 | web process | inspecting |")
    print("|---|---|---|---|---|---|---|---|")
    for name, make in KINDS.items():
        data = make()
        for _ in range(options.rounds):
            with Scapi().run(2) as server:
                measure(server, name, data, options.files)


if __name__ == "__main__":
    main()
