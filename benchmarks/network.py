"""Measures uploads over a phone's link: the time as a multiple of the link's own time, and the sent bytes.

    python -m benchmarks.network [--rtt 20 100 300] [--cuts 0 10 3] [--sizes 5 50] [--only NAME ...]

The link is 20 Mbit/s upwards. A client that loses its connection asks for the offset and goes on from there.
"""

from __future__ import annotations

import argparse
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.http import MULTIPART, Answer, Buffer, Connection, form
from benchmarks.link import BUFFER, Link, over
from benchmarks.peers.ours import CHUNK, Scapi
from benchmarks.peers.protocols import TUS
from benchmarks.peers.tus import Tus
from tests import files

KiB = 1024
MiB = 1024 * KiB
RATE = 20_000_000 / 8
FIRST = 200 * KiB
"""Bytes of the first chunk of an upload."""


class Phone(Connection):
    """A connection that counts its sent bytes, and buffers few bytes before the link."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.sent = 0

    def _send(self, parts: list[Buffer]) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), 60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        for part in parts:
            left = memoryview(part)
            while left:
                sent = self._socket.send(left[:BUFFER])
                self.sent += sent
                left = left[sent:]

    def patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Repeat `ask` until there is an answer."""
        while True:
            try:
                return ask()
            except (OSError, RuntimeError):
                self._close()


Send = Callable[[Phone, bytes, int], None]


def seeds(phone: Phone, data: bytes, chunk: int) -> None:
    """Send a file in chunks of the API's own protocol."""
    upload_id, at = "", 0
    while at < len(data):
        # a broken chunk is not kept before there is an upload_id: so the first one is small
        piece = memoryview(data)[at : at + (chunk if upload_id else FIRST)]
        headers = {"Content-Type": MULTIPART, "Content-Range": f"bytes {at}-{at + len(piece) - 1}/{len(data)}"}
        body = form({"upload_id": upload_id} if upload_id else {}, ("image", "file.pdf", piece))
        try:
            answer = phone.request("POST", CHUNK, headers, body).json()
        except (OSError, RuntimeError):
            phone._close()
            if not upload_id:
                continue
            path = f"/api/v2/media/upload/{upload_id}/"
            answer = phone.patiently(lambda path=path: phone.request("GET", path, {}, expect=200)).json()
        upload_id, at = upload_id or answer["upload_id"], int(answer["offset"])


def tus(collection: str) -> Send:
    """Return a function that sends a file by tus; `collection` is the path that creates uploads."""

    def send(phone: Phone, data: bytes, chunk: int) -> None:
        create = {**TUS, "Upload-Length": str(len(data))}
        made = phone.patiently(lambda: phone.request("POST", collection, create, expect=201))
        path, at = f"{collection.rstrip('/')}/{made.headers['location'].rpartition('/')[2]}", 0
        while at < len(data):
            headers = {**TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
            piece = memoryview(data)[at : at + chunk]
            try:
                answer = phone.request("PATCH", path, headers, [piece], expect=204)
            except (OSError, RuntimeError):
                phone._close()
                answer = phone.patiently(lambda: phone.request("HEAD", path, TUS, expect=200))
            at = int(answer.headers["upload-offset"])

    return send


def resumable(phone: Phone, data: bytes, chunk: int) -> None:
    """Send a file as a resumable upload of HTTP itself. It begins empty, so that a lost answer costs no bytes."""
    create = {"Upload-Complete": "?0", "Upload-Length": str(len(data))}
    path = phone.patiently(lambda: phone.request("POST", "/api/v2/media/", create, expect=201)).headers["location"]
    at, done = 0, False
    while not done:
        piece = memoryview(data)[at : at + chunk]
        last = at + len(piece) == len(data)
        headers = {"Upload-Offset": str(at), "Upload-Complete": "?1" if last else "?0"}
        headers["Content-Type"] = "application/partial-upload"
        try:
            phone.request("PATCH", path, headers, [piece], expect=201 if last else 204)
            at, done = at + len(piece), last
        except (OSError, RuntimeError):
            phone._close()
            state = phone.patiently(lambda: phone.request("HEAD", path, {}, expect=204)).headers
            at, done = int(state["upload-offset"]), state["upload-complete"] == "?1"


@dataclass(frozen=True)
class Entrant:
    """A way to send a file: which server, and how."""

    name: str
    port: int
    send: Send
    chunk: int


def entrants(stack: ExitStack) -> Iterator[Entrant]:
    """Start the servers and yield the entrants."""
    ours = stack.enter_context(Scapi().run(2)).port
    theirs = stack.enter_context(Tus().run(1)).port
    for name, chunk in (("200 KiB", 200 * KiB), ("1 MiB", MiB), ("5 MiB", 5 * MiB)):
        yield Entrant(f"scapi, chunks of {name}", ours, seeds, chunk)
    for name, chunk in (("one request", 1024 * MiB), ("5 MiB", 5 * MiB)):
        yield Entrant(f"scapi, tus, {name}", ours, tus("/api/v2/tus/"), chunk)
        yield Entrant(f"scapi, resumable, {name}", ours, resumable, chunk)
        yield Entrant(f"@tus/server, {name}", theirs, tus("/files"), chunk)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rtt", type=int, nargs="*", default=[20, 100, 300], help="milliseconds")
    parser.add_argument("--cuts", type=int, nargs="*", default=[0, 10, 3], help="seconds between two; 0: none")
    parser.add_argument("--sizes", type=int, nargs="*", default=[5, 50], help="MiB")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    options = parser.parse_args()
    print("| file | round trip | a cut every | client | seconds | x the link | x the bytes |")
    print("|---|---|---|---|---|---|---|")
    with ExitStack() as stack:
        chosen = [one for one in entrants(stack) if not options.only or any(part in one.name for part in options.only)]
        for one in chosen:  # the first file only loads modules and is not counted
            _send(one, files.pdf(size=MiB), Link(0, 0))
        for size in options.sizes:
            data = files.pdf(size=size * MiB)
            for rtt in options.rtt:
                for cut in options.cuts:
                    for one in chosen:
                        _measure(one, data, rtt, cut)


def _send(one: Entrant, data: bytes, link: Link) -> tuple[float, int]:
    """Send a file over the link; return the seconds and the sent bytes."""
    with over(link, one.port) as port, Phone(port) as phone:
        began = time.monotonic()
        one.send(phone, data, one.chunk)
        return time.monotonic() - began, phone.sent


def _measure(one: Entrant, data: bytes, rtt: int, cut: int) -> None:
    link = Link(rtt / 2000, RATE, cut)
    took, sent = _send(one, data, link)
    print(
        f"| {len(data) // MiB} MiB | {rtt} ms | {f'{cut} s' if cut else '-'} | {one.name} | {took:.1f} "
        f"| {took / link.least(len(data)):.2f} | {sent / len(data):.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
