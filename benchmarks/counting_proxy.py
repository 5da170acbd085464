"""A proxy on loopback that records each request, and the bytes of bodies in both directions.

It parses HTTP/1.1 only as far as needed, and passes every byte on unchanged, so signatures stay valid. It can delay
each request, like a store that is far away.
"""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlsplit

BLOCK = 64 * 1024
"""Bytes to pass on at a time."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer: bytes of their bodies, start of the request (`time.perf_counter`), and seconds."""

    method: str
    path: str
    sent: int
    received: int
    began: float
    took: float


@dataclass
class Counts:
    """All exchanges, in the order of their ends."""

    exchanges: list[Exchange] = field(default_factory=list)

    def reset(self) -> None:
        """Start again from nothing."""
        self.exchanges.clear()

    @property
    def sent(self) -> int:
        """Bytes of all requests' bodies."""
        return sum(exchange.sent for exchange in self.exchanges)

    @property
    def received(self) -> Counter[str]:
        """Bytes of the answers' bodies by method."""
        counted: Counter[str] = Counter()
        for exchange in self.exchanges:
            counted[exchange.method] += exchange.received
        return counted


def _read_head(stream: BinaryIO) -> tuple[bytes, dict[str, str]]:
    """Return the raw first line and headers (b"" at the end of the stream), and the headers by name."""
    head = line = stream.readline()
    headers = {}
    while line not in (b"", b"\r\n"):
        line = stream.readline()
        head += line
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return head, headers


def _pass_body(source: BinaryIO, target: BinaryIO, headers: dict[str, str], *, to_end: bool) -> int:
    """Pass on a body, whose length comes from `headers` or the end of the stream; return its number of bytes."""
    if "chunked" in headers.get("transfer-encoding", ""):
        return _pass_chunks(source, target)
    if "content-length" in headers:
        return _pass_bytes(source, target, int(headers["content-length"]))
    return _pass_bytes(source, target, None) if to_end else 0


def _pass_bytes(source: BinaryIO, target: BinaryIO, count: int | None) -> int:
    passed = 0
    while data := source.read(BLOCK if count is None else min(BLOCK, count - passed)):
        target.write(data)
        passed += len(data)
    return passed


def _pass_chunks(source: BinaryIO, target: BinaryIO) -> int:
    passed = 0
    while True:
        line = source.readline()
        target.write(line)
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        passed += _pass_bytes(source, target, size)
        target.write(source.readline())
    while line not in (b"", b"\r\n"):
        line = source.readline()
        target.write(line)
    return passed


class _Handler(socketserver.StreamRequestHandler):
    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with (
            suppress(ConnectionError),
            socket.create_connection(self.server.target) as upstream,
            upstream.makefile("rb") as answers,
            upstream.makefile("wb") as requests,
        ):
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self._exchange(requests, answers):
                pass

    def _exchange(self, requests: BinaryIO, answers: BinaryIO) -> bool:
        """Pass on one request and its answer; return whether the connection stays open."""
        head, headers = _read_head(self.rfile)
        if not head:
            return False
        began = time.perf_counter()
        time.sleep(self.server.delay)
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        requests.write(head)
        requests.flush()
        answer, answered, sent = b"", {}, 0
        if "expect" in headers:
            answer, answered = _read_head(answers)
            self.wfile.write(answer)
        if not answer or b" 100 " in answer.split(b"\r\n", 1)[0]:
            sent = _pass_body(self.rfile, requests, headers, to_end=False)
            requests.flush()
            answer, answered = _read_head(answers)
            self.wfile.write(answer)
        received = 0
        if method != "HEAD" and answer.split(b" ", 2)[1] not in (b"204", b"304"):
            received = _pass_body(answers, self.wfile, answered, to_end=True)
        self.server.counts.exchanges.append(Exchange(method, path, sent, received, began, time.perf_counter() - began))
        return "content-length" in answered or "chunked" in answered.get("transfer-encoding", "")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, target: tuple[str, int], counts: Counts, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.counts = counts
        self.delay = delay


@contextmanager
def counting_proxy(url: str, delay: float = 0) -> Iterator[tuple[str, Counts]]:
    """Yield the URL of a proxy to the server at `url`, which is plain HTTP, and its counts.

    Each request is delayed by `delay` seconds.
    """
    parts = urlsplit(url)
    counts = Counts()
    with _Server((parts.hostname or "127.0.0.1", parts.port or 80), counts, delay) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", counts
        finally:
            server.shutdown()
            thread.join()
