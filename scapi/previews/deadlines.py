"""Deadlines: one time limit for all steps of a task together."""

import ssl
import time
from typing import Any, Self

import httpcore


class Deadline:
    """The moment at which a task must be finished."""

    def __init__(self, end: float) -> None:
        self._end = end

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline that is `seconds` from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that are left, 0 when there are none."""
        return max(0.0, self._end - time.monotonic())

    def part(self, share: float) -> "Deadline":
        """Return a deadline after this share of the remaining time, so that later steps have the rest."""
        return Deadline(time.monotonic() + share * self.left)


class DeadlineStream(httpcore.NetworkStream):
    """A connection on which every read and write ends at the deadline. Timeouts of single reads would add up."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left())

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()

    def _left(self) -> float:
        left = self._deadline.left
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return left


class DeadlineBackend(httpcore.NetworkBackend):
    """Connects to the hosts that the operator has configured, within the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        stream = httpcore.SyncBackend().connect_tcp(host, port, self._deadline.left)
        return DeadlineStream(stream, self._deadline)
