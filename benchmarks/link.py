"""A link like a phone's, made by a proxy on loopback: a delay in each direction, a rate upwards, and cuts."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.running import free_port

BLOCK = 16 * 1024
"""Bytes that are sent together."""

SLACK = 0.05
"""Seconds that a block may be late without slowing down the link: the machine has other work."""

BUFFER = 64 * 1024
"""The approximate most bytes in a socket's buffer: more would hide the link from the client."""


@dataclass(frozen=True, slots=True)
class Link:
    """`delay` is in seconds one way, `rate` in bytes a second upwards, `cut_every` in seconds (0: never)."""

    delay: float
    rate: float
    cut_every: float = 0
    seed: int = 1

    def least(self, size: int) -> float:
        """Return the seconds that `size` bytes need at this rate, without delays."""
        return size / self.rate


class _Proxy:
    def __init__(self, link: Link, port: int) -> None:
        self._link = link
        self._port = port
        self._free_at = 0.0
        self._under_way = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._chance = random.Random(link.seed)

    async def serve(self, listener: socket.socket, ended: threading.Event) -> None:
        server = await asyncio.start_server(self._connected, sock=listener, limit=BUFFER)
        cuts = asyncio.create_task(self._cut()) if self._link.cut_every else None
        while not ended.is_set():
            await asyncio.sleep(0.05)
        server.close()
        if cuts:
            cuts.cancel()
        while self._under_way:
            self._drop()
            await asyncio.sleep(0.05)

    async def _cut(self) -> None:
        while True:
            await asyncio.sleep(self._link.cut_every * self._chance.uniform(0.7, 1.3))
            self._drop()

    def _drop(self) -> None:
        """Drop all connections, with their bytes in transit."""
        for writer in list(self._open):
            writer.transport.abort()
        self._open.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._under_way += 1
        self._open.add(writer)
        await asyncio.sleep(2 * self._link.delay)  # the handshake
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port, limit=BUFFER)
            self._open.add(far_writer)
            up = asyncio.create_task(self._carry(reader, far_writer, self._link.rate))
            down = asyncio.create_task(self._carry(far_reader, writer, 0))
            await asyncio.wait((up, down))
            self._open -= {writer, far_writer}
        self._open.discard(writer)
        self._under_way -= 1

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: float) -> None:
        clock = asyncio.get_running_loop().time
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._arrive(under_way, writer))
        with suppress(OSError):
            while data := await reader.read(BLOCK):
                if rate:
                    self._free_at = max(self._free_at, clock() - SLACK) + len(data) / rate
                    await asyncio.sleep(max(0.0, self._free_at - clock()))
                under_way.put_nowait((clock() + self._link.delay, data))
        under_way.put_nowait((clock() + self._link.delay, b""))
        await arriving

    async def _arrive(self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        with suppress(OSError):
            while True:
                when, data = await under_way.get()
                await asyncio.sleep(max(0.0, when - clock()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
            writer.close()


@contextmanager
def over(link: Link, port: int) -> Iterator[int]:
    """Pass connections to `port` through a link; yield the port to connect to."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    near = free_port()
    listener.bind(("127.0.0.1", near))
    listener.listen()
    ended = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(_Proxy(link, port).serve(listener, ended),))
    thread.start()
    try:
        yield near
    finally:
        ended.set()
        thread.join()
