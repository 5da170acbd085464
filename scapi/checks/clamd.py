"""A check by ClamAV's daemon: the file is streamed to it (clamd(8), INSTREAM).

clamd's `StreamMaxLength` must be at least as large as the files that scapi accepts: clamd aborts the scan of larger
files, and scapi then never accepts them.
"""

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from scapi.checks.base import Check, CheckedFile, Rejected, Unavailable

SILENCE = 60
"""Seconds that clamd may be silent. It scans after it has received the whole file."""

BLOCK = 64 * 1024
MAX_ANSWER = 4096


@dataclass(frozen=True, slots=True)
class Clamd:
    """The check: `address` is a socket's path, or `host:port`."""

    address: str

    def __call__(self, file: CheckedFile, stream: BinaryIO) -> None:
        """Let clamd scan the file. Raises Rejected with the name of what it found, or Unavailable."""
        try:
            with self._connect() as connection:
                answer = _scan(connection, stream)
        except OSError as error:
            raise Unavailable(f"clamd at {self.address}: {error}") from error
        if answer.endswith(" FOUND"):
            raise Rejected(answer.removeprefix("stream: ").removesuffix(" FOUND"))
        if answer != "stream: OK":
            raise Unavailable(f"clamd at {self.address} says: {answer or 'nothing'}")

    def _connect(self) -> socket.socket:
        host, colon, port = self.address.rpartition(":")
        if colon and port.isdigit():
            return socket.create_connection((host.strip("[]"), int(port)), timeout=SILENCE)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SILENCE)
        try:
            connection.connect(self.address)
        except OSError:
            connection.close()
            raise
        return connection


def from_settings(settings: Mapping[str, Any]) -> Check:
    """Return the check that uses the clamd at `SCAPI_CLAMD_ADDRESS`."""
    return Clamd(settings["SCAPI_CLAMD_ADDRESS"])


def _scan(connection: socket.socket, stream: BinaryIO) -> str:
    """Send the file in blocks, each after its length, and return clamd's answer."""
    try:
        connection.sendall(b"zINSTREAM\0")
        while block := stream.read(BLOCK):
            connection.sendall(struct.pack("!I", len(block)) + block)
        connection.sendall(struct.pack("!I", 0))
    except (BrokenPipeError, ConnectionResetError):
        pass  # clamd stopped reading before the end; its answer says why
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < MAX_ANSWER and (more := connection.recv(MAX_ANSWER)):
        answer += more
    return answer.rstrip(b"\0").decode("utf-8", "replace")
