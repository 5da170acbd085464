"""A client with low overhead: raw sockets, bodies sent without copying. It drives all peers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

Buffer = bytes | memoryview

BOUNDARY = "----benchmark-boundary-0123456789"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"

TIMEOUT = 120
"""If a server does not answer for this many seconds, the benchmark fails."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Connection:
    """A persistent connection to a port on loopback; it is opened again if the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def request(
        self, method: str, path: str, headers: Mapping[str, str], parts: Iterable[Buffer] = (), expect: int = 0
    ) -> Answer:
        """Send a request whose body is `parts` one after another. Raises RuntimeError for any other status."""
        body = list(parts)
        length = sum(len(part) for part in body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._send([("\r\n".join(lines) + "\r\n\r\n").encode(), *body])
        answer = self._receive(has_body=method != "HEAD")
        if expect and answer.status != expect:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {answer.body[:500]!r}")
        return answer

    def _send(self, parts: list[Buffer]) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = [memoryview(part) for part in parts if len(part)]
        while left:
            sent = self._socket.sendmsg(left)
            while left and sent >= len(left[0]):
                sent -= len(left.pop(0))
            if left:
                left[0] = left[0][sent:]

    def _receive(self, *, has_body: bool) -> Answer:
        if self._socket is None:
            raise RuntimeError("nothing was sent")
        head, body = b"HTTP/1.1 1", b""
        while head.startswith(b"HTTP/1.1 1"):  # interim answers are not needed here
            while b"\r\n\r\n" not in body:
                body += self._more()
            head, _, body = body.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if headers.get("transfer-encoding") == "chunked":
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more()
            body = b"".join(_chunks(body))
        elif has_body:
            body += self._rest(int(headers.get("content-length", "0")) - len(body))
        if headers.get("connection", "").lower() == "close":
            self._close()
        return Answer(int(first.split()[1]), headers, body)

    def _rest(self, size: int) -> bytes:
        """Return `size` more bytes, without copying a large file again for each received piece."""
        data = bytearray(size)
        left = memoryview(data)
        while left:
            got = self._socket.recv_into(left) if self._socket else 0
            if not got:
                raise RuntimeError("the server closed the connection")
            left = left[got:]
        return bytes(data)

    def _more(self) -> bytes:
        data = self._socket.recv(65536) if self._socket else b""
        if not data:
            raise RuntimeError("the server closed the connection")
        return data

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None


def _chunks(body: bytes) -> Iterator[bytes]:
    """Yield the content of a body in chunked encoding (RFC 9112, section 7.1)."""
    while body:
        size, _, rest = body.partition(b"\r\n")
        yield rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]


def form(fields: Mapping[str, str], file: tuple[str, str, Buffer] | None = None) -> list[Buffer]:
    """Return the parts of a multipart body: the fields, then a file part (field name, file name, bytes)."""
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    if file is None:
        return [f"{head}--{BOUNDARY}--\r\n".encode()]
    name, filename, data = file
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    head += "Content-Type: application/octet-stream\r\n\r\n"
    return [head.encode(), data, f"\r\n--{BOUNDARY}--\r\n".encode()]
