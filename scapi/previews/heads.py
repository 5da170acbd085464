"""Reads the head of an answer as browsers do: lines that are not header fields are skipped.

h11, which reads answers here, refuses a whole answer for one such line, as servers should (RFC 9112, 5.1).
"""

import re
import ssl
from typing import Any

import httpcore

MAX_HEAD = 64 * 1024
"""A head that does not end within this many bytes is passed on unchanged; h11 refuses it."""

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:(.*)", re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)[0-9]{2}")


class ForgivingStream(httpcore.NetworkStream):
    """A connection that rewrites the heads of answers into a form that h11 accepts."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._head: bytes | None = b""
        """The received part of the head; None after its end."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while self._head is not None:
            data = self._stream.read(max_bytes, timeout)
            done = self._tidied(data)
            if done or not data:  # an empty result would mean the end of the connection
                return done
        return self._stream.read(max_bytes, timeout)

    def _tidied(self, data: bytes) -> bytes:
        """Return the heads that end in `data`, cleaned, and the bytes after the last one."""
        known = max(0, len(self._head or b"") - 3)
        head = (self._head or b"") + data
        done = b""
        while end := _END.search(head, known):
            done += _fields_only(head[: end.start()])
            interim, head, known = _INTERIM.match(head), head[end.end() :], 0
            if not interim:
                self._head = None
                return done + head
        if not data or len(head) > MAX_HEAD:
            self._head = None
            return done + head
        self._head = head
        return done

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return ForgivingStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _fields_only(head: bytes) -> bytes:
    """Return a head with only its status line and header fields."""
    status, *lines = head.replace(b"\r\n", b"\n").split(b"\n")
    kept = [status]
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field:
            kept.append(field[1] + b":" + _CONTROL.sub(b"", field[2]))
    return b"\r\n".join((*kept, b"", b""))
