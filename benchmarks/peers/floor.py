"""The floor: a server that only reads scapi's requests, and hashes and writes their bytes."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from benchmarks.http import Buffer, Connection
from benchmarks.peers import Peer
from benchmarks.peers.ours import Scapi

LARGEST = 17 * 1024 * 1024
"""Bytes of the largest request."""


ANSWER = b'HTTP/1.1 201 Created\r\nContent-Length: 18\r\n\r\n{"upload_id": "0"}'


class Floor(Peer):
    """Speaks just enough HTTP to accept scapi's chunks; one MD5 and one file per connection. It checks nothing."""

    name = "floor"

    def command(self, folder: Path, port: int, workers: int) -> tuple[list[str], Mapping[str, str]]:
        return [sys.executable, "-m", "benchmarks.peers.floor", str(folder), str(port), str(workers)], {}

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        return Scapi().send(connection, upload or "0" * 32, data, start, total)

    def complete(self, connection: Connection, upload: str, md5: str) -> list[str]:
        return []


def serve(connection: socket.socket, file: int) -> None:
    """Answer every request on a connection, and write the bytes of its body at the end of the file."""
    buffer, hashed = memoryview(bytearray(LARGEST)), hashlib.md5()
    while True:
        have, head = 0, -1
        while head < 0:
            got = connection.recv_into(buffer[have:])
            if not got:
                return
            have += got
            head = bytes(buffer[:have]).find(b"\r\n\r\n") if have < 65536 else bytes(buffer[:65536]).find(b"\r\n\r\n")
        lines = bytes(buffer[:head]).lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
        end = head + 4 + length
        while have < end:
            have += connection.recv_into(buffer[have:end])
        hashed.update(buffer[head + 4 : end])
        os.write(file, buffer[head + 4 : end])
        connection.sendall(ANSWER)


def main(folder: str, port: int, workers: int) -> None:
    """Listen, and serve each connection in a thread of one of `workers` processes."""
    listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
    for _ in range(workers - 1):
        if os.fork() == 0:
            break
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = f"{folder}/{os.getpid()}-{connection.fileno()}"
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        threading.Thread(target=serve, args=(connection, file), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
