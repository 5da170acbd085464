"""The web process's side of one job: sends the request, answers the job's reads, checks its answer."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, BinaryIO, Self

from scapi.inspection.messages import HEADER, MAX_WORDS, RANGE, Kind
from scapi.inspection.outcomes import Answer, Crash, Late, Lost, Mishap, Overtime, PhaseOvertime, Verdict
from scapi.inspection.process import warm
from scapi.inspection.questions import Request
from scapi.inspection.sources import Source
from scapi.refusals import ERRORS

COPY_BYTES = 256 * 1024
"""Bytes of a range that are sent at a time."""

SOURCE_SECONDS = 30.0
"""Seconds that a job may wait for the bytes of its file, beyond its own time: the file is not to blame for a slow
storage.
"""

AFTERWARDS = 1.0
"""Seconds that the warm process has to report how a job ended."""


class Conversation:
    """A running job; a context manager, at whose end the process has ended."""

    def __init__(self, request: Request, source: Source, deadline: float) -> None:
        self._request, self._source = request, source
        self.deadline = deadline
        """When an answer is too late, in seconds of `time.monotonic`. Waiting for the storage extends it."""
        self._waiting_left = SOURCE_SECONDS
        self._facts: dict[str, Any] | None = None
        self._pictures: list[bytes] = []
        self._room = request.picture_bytes
        self._done = self._gone = False
        self._talk, theirs = socket.socketpair()
        self._tell, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            descriptors = [theirs.fileno(), telling.fileno()]
            if source.descriptor is not None:
                descriptors.append(source.descriptor)
            warm.submit(_packed(request, source.size), descriptors)
        except BaseException:
            self._talk.close()
            self._tell.close()
            raise
        finally:
            theirs.close()
            telling.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._talk.close()
        if not self._gone:
            self._kill()
        self._tell.close()

    def answer(self) -> Answer:
        """Return all that was found. Raises Verdict, Mishap, and the errors of reading the source."""
        return self.part(lambda _: False)

    def part(self, enough: Callable[[Answer], bool]) -> Answer:
        """Return what was found as soon as it is `enough`. Raises what `answer` raises."""
        try:
            while not (self._done or enough(self._heard())):
                self._take(*self._message())
        except TimeoutError as error:
            raise Late("inspecting the file took too long", self._said()) from error
        except EOFError:
            raise self._early_end() from None
        return self._heard()

    def _heard(self) -> Answer:
        return Answer(self._facts or {}, self._pictures)

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == Kind.READ:
            self._send_range(payload)
        elif kind == Kind.FACTS:
            self._facts = _object(payload)
        elif kind == Kind.PICTURE:
            self._pictures.append(payload)
        elif kind == Kind.VERDICT:
            said = _object(payload)
            code = str(said.get("code"))
            raise (
                Verdict(code, str(said.get("message")))
                if code in ERRORS
                else Mishap("the process sent no valid message")
            )
        elif kind == Kind.MISHAP:
            said = _object(payload)
            message = str(said.get("message"))
            raise Crash(message) if said.get("memory") is True else Mishap(message)
        elif kind == Kind.DONE:
            self._done = True
        else:
            raise Mishap("the process sent no valid message")

    def _message(self) -> tuple[bytes, bytes]:
        kind, length = HEADER.unpack(self._read(HEADER.size))
        if kind == Kind.PICTURE:
            self._room -= length
        if self._room < 0 or (kind != Kind.PICTURE and length > MAX_WORDS):
            raise Mishap("the process sent too many bytes")
        return kind, self._read(length)

    def _read(self, length: int) -> bytes:
        data = bytearray(length)
        view = memoryview(data)
        while view:
            # what has arrived is read even if it is late: the caller may have waited for the storage meanwhile
            self._talk.settimeout(max(0, self.deadline - time.monotonic()))
            try:
                got = self._talk.recv_into(view)
            except BlockingIOError as error:
                raise TimeoutError from error
            except ConnectionError as error:
                raise EOFError from error
            if not got:
                raise EOFError
            view = view[got:]
        return bytes(data)

    def _time_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _send_range(self, payload: bytes) -> None:
        if len(payload) != RANGE.size or self._source.ranges is None:
            raise Mishap("the process sent no valid message")
        offset, length = RANGE.unpack(payload)
        if offset + length > self._source.size:
            raise Mishap("the process asked for bytes outside the file")
        with self._opened(offset, length) as stream:
            while length:
                with self._waiting():
                    data = stream.read(min(length, COPY_BYTES))
                if not data:
                    raise Mishap(f"the file ends before its size, {self._source.size} bytes")
                length -= len(data)
                self._talk.settimeout(self._time_left())
                with suppress(ConnectionError):  # the process has ended: the next read notices
                    self._talk.sendall(data)

    def _opened(self, offset: int, length: int) -> BinaryIO:
        assert self._source.ranges is not None  # noqa: S101 - see `_send_range`
        with self._waiting():
            return self._source.ranges(offset, length)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Extend the deadline by the time spent inside (waiting for the storage), within the limit."""
        began = time.monotonic()
        try:
            yield
        finally:
            waited = min(time.monotonic() - began, self._waiting_left)
            self._waiting_left -= waited
            self.deadline += waited

    def _said(self) -> Answer | None:
        return None if self._facts is None else Answer(self._facts, [])

    def _early_end(self) -> Mishap:
        """Return the reason why the process ended before its answer."""
        number, self._gone = self._how_it_ended(), True
        said = self._said()
        if number is None:
            return Lost("the warm process has ended", said)
        if number == signal.SIGKILL:
            return Lost("the process was killed from outside", said)
        if number == signal.SIGXCPU:
            return Overtime("the CPU time is used up", said)
        if number == signal.SIGPROF:
            return PhaseOvertime("the CPU time of a phase is used up", said)
        if number:
            return Crash(f"the process was ended by {signal.Signals(number).name}", said)
        return Mishap("the process ended without an answer", said)

    def _how_it_ended(self) -> int | None:
        """Return the signal that ended it; 0 for none, None if unknown."""
        self._tell.settimeout(AFTERWARDS)
        try:
            while said := self._tell.recv(16):  # a received descriptor is closed with the message
                if said.isdigit():
                    return int(said)
        except (TimeoutError, ConnectionError):
            return None
        return None

    def _kill(self) -> None:
        """Kill the process by its pidfd, which can never mean another process."""
        self._tell.settimeout(AFTERWARDS)
        try:
            _, descriptors, _, _ = socket.recv_fds(self._tell, 16, 1)
        except ConnectionError:
            return  # the warm process has ended, and its jobs with it
        except TimeoutError:
            warm.stop()  # it hangs
            return
        for pidfd in descriptors:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)


def _packed(request: Request, size: int) -> bytes:
    said = {
        "job": request.job,
        "arguments": request.arguments,
        "size": size,
        "cpu_seconds": request.cpu_seconds,
        "memory_bytes": request.memory_bytes,
        "threads": request.threads,
        "niceness": request.niceness,
    }
    return json.dumps(said).encode()


def _object(payload: bytes) -> dict[str, Any]:
    try:
        said = json.loads(payload)
    except ValueError as error:
        raise Mishap("the process sent no valid message") from error
    if not isinstance(said, dict):
        raise Mishap("the process sent no valid message")
    return said
