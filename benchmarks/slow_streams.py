"""Many slow clients, directly to gunicorn: measures whether all finish, and the memory and threads that they hold.

python -m benchmarks.slow_streams [--clients 500] [--seconds 30] [--threads 300]
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import threading
import time
from pathlib import Path

import requests

from benchmarks.http import MULTIPART, Buffer, form
from benchmarks.peers.ours import CHUNK
from tests import databases, running

KiB = 1024
RATE = 50 * KiB
"""Bytes per second of each client."""

SLICES = 5
"""The number of pieces per second."""


class Client:
    """A client that sends one chunk piece by piece."""

    def __init__(self, port: int, upload_id: str, start: int, total: int, body: list[Buffer]) -> None:
        self._body = b"".join(body)
        self._at = 0
        head = (
            f"POST {CHUNK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {MULTIPART}\r\nConnection: close\r\n"
            f"Content-Range: bytes {start}-{total - 1}/{total}\r\nContent-Length: {len(self._body)}\r\n\r\n"
        )
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.sendall(head.encode())

    def send(self) -> bool:
        """Send the next piece; return whether there are more."""
        piece = RATE // SLICES
        self.socket.sendall(self._body[self._at : self._at + piece])
        self._at += piece
        return self._at < len(self._body)

    def status(self) -> str:
        """Return the status of the answer."""
        with self.socket:
            return self.socket.recv(1000)[9:12].decode()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=30, help="how long each client sends")
    parser.add_argument("--threads", type=int, default=300, help="of each of the two workers")
    options = parser.parse_args()
    threads = f"--threads {options.threads}"
    with tempfile.TemporaryDirectory() as folder:
        url = databases.SQLite(Path(folder)).create()
        with running.scapi(Path(folder) / "server", SCAPI_DATABASE_URL=url, GUNICORN_CMD_ARGS=threads) as server:
            _measure(server, options.clients, options.seconds)


def _measure(server: running.Server, clients: int, seconds: int) -> None:
    port = int(server.url.rpartition(":")[2])
    data = b"%PDF-1.7\n" + os.urandom(RATE * seconds)
    begun = [_begin(server, data, number) for number in range(clients)]
    before = [_memory(pid) for pid in server.workers()]
    sending = [Client(port, one, 9, len(data), form({"upload_id": one}, ("image", "a.pdf", data[9:]))) for one in begun]
    health: list[float] = []
    ended = threading.Event()
    asking = threading.Thread(target=_ask, args=(server, ended, health))
    asking.start()
    began, peak, turn = time.monotonic(), [0, 0], 0
    unfinished = list(sending)
    while unfinished:
        unfinished = [client for client in unfinished if client.send()]
        turn += 1
        peak = [max(pair) for pair in zip(peak, [_memory(pid) for pid in server.workers()], strict=False)]
        time.sleep(max(0, began + turn / SLICES - time.monotonic()))
    answers = [client.status() for client in sending]
    took = time.monotonic() - began
    ended.set()
    asking.join()
    print(f"{clients} clients at {RATE // KiB} KiB/s: {answers.count('201')} finished in {took:.1f} s of {seconds} s")
    print(f"/healthz: {max(health) * 1000:.0f} ms at most of {len(health)} times")
    print(f"memory of a worker: {max(before)} MiB before, {max(peak)} MiB at most")


def _begin(server: running.Server, data: bytes, number: int) -> str:
    headers = {"Content-Range": f"bytes 0-8/{len(data)}"}
    answer = server.request("POST", CHUNK, files={"image": (f"{number}.pdf", data[:9])}, headers=headers)
    upload_id: str = answer.json()["upload_id"]
    return upload_id


def _ask(server: running.Server, ended: threading.Event, health: list[float]) -> None:
    while not ended.wait(0.5):
        began = time.monotonic()
        requests.get(server.url + "/healthz", timeout=60)
        health.append(time.monotonic() - began)


def _memory(pid: int) -> int:
    """Return the memory of a process in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


if __name__ == "__main__":
    main()
