"""An uploaded PDF: looked into by PDFium, in a child process with limits, through ranged reads."""

import json
import logging
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

# Pixels; the longer side of the first page's picture.
PREVIEW_SIZE = 1200

# Child processes at a time per process.
MAX_SIMULTANEOUS_CHILDREN = 2

MAX_TITLE_LENGTH = 255

# What the child may say in one message. It is fed with a stranger's bytes, so its word is checked as a stranger's is.
_MAX_MESSAGE_BYTES = 8 * 1024 * 1024
_MAX_READ_BYTES = 1024 * 1024
_MAX_LOGGED_BYTES = 2048

_CHILD = Path(__file__).with_name("pdf_child.py")

_children = threading.BoundedSemaphore(MAX_SIMULTANEOUS_CHILDREN)
_log = logging.getLogger(__name__)


class InvalidDocument(Exception):
    """A document that is refused: `code` for programs, the message for the person who uploaded it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What looking into a document may cost: seconds on the clock and of CPU, bytes of address space.

    Python, PDFium and Pillow take 50 MB of address space for a page of text; large pictures in it come on top.
    """

    seconds: float = 8.0  # the API's clients give up after 10
    cpu_seconds: int = 8
    memory_bytes: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Preview:
    """The first page on white: a JPEG, and its size in pixels."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Document:
    """What a PDF is. `encrypted`: a password is needed to open it, so that pages and preview are None."""

    pages: int | None
    encrypted: bool
    title: str | None
    preview: Preview | None


class _NonsenseError(Exception):
    pass


class _Conversation:
    """One child process's messages, and what they have told so far."""

    def __init__(self, process: subprocess.Popen[bytes], reader: BinaryIO, size: int) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._to_child: IO[bytes] = process.stdin
        self._from_child: IO[bytes] = process.stdout
        self._reader, self._size = reader, size
        self.started = self.refused = False
        self.summary: Document | None = None
        self.preview: Preview | None = None

    def run(self) -> None:
        """Answer the child until it ends. Raises what `reader` raises, and _NonsenseError about the child."""
        for kind, payload in self._messages():
            if kind == b"R":
                self._send_range(payload)
            elif kind == b"S":
                self.started = True
            elif kind == b"X":
                self.refused = True
            elif kind == b"D":
                self.summary = _summary(payload)
            elif kind == b"P":
                self.preview = _preview(payload)

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        while len(header := self._from_child.read(5)) == 5:
            kind, length = struct.unpack(">cI", header)
            if length > _MAX_MESSAGE_BYTES:
                raise _NonsenseError("the child's message is too long")
            payload = self._from_child.read(length)
            if len(payload) < length:
                return
            yield kind, payload

    def _send_range(self, payload: bytes) -> None:
        offset, length = int.from_bytes(payload[:8]), int.from_bytes(payload[8:])
        if length > _MAX_READ_BYTES or offset + length > self._size:
            raise _NonsenseError("the child asks for what is not there")
        self._reader.seek(offset)
        data = self._reader.read(length)
        if len(data) < length:
            raise EOFError(f"the file ends before its size, {self._size} bytes")
        try:
            self._to_child.write(data)
            self._to_child.flush()
        except BrokenPipeError:
            # The child is gone; that its output ends says so next.
            return


def inspect(reader: BinaryIO, size: int, limits: DocumentLimits | None = None) -> Document:
    """Return what the PDF of `size` bytes is that `reader` reads; only the ranges that PDFium needs are read.

    A document that needs a password is accepted as such. One whose first page cannot be drawn (within the limits) is
    accepted without preview. Raises InvalidDocument with the code `invalid_pdf` when PDFium cannot open it or it has
    no pages, and `pdf_too_complex` when opening it takes more than the limits allow or crashes PDFium. A file cut
    short is refused only when PDFium, which rebuilds what is missing as browsers do, finds no page in what is left.
    Raises RuntimeError when the child process does not start, and whatever `reader` raises.
    """
    limits = limits or DocumentLimits()
    with _children, _child(size, limits) as process:
        conversation = _Conversation(process, reader, size)
        try:
            conversation.run()
        except _NonsenseError:
            # Broken into, perhaps. What it said before is checked like anything from a stranger, and may stand.
            _log.exception("the PDF process talks nonsense")
        return _outcome(conversation, process)


@contextmanager
def _child(size: int, limits: DocumentLimits) -> Iterator[subprocess.Popen[bytes]]:
    numbers = (size, limits.memory_bytes, limits.cpu_seconds, PREVIEW_SIZE)
    command = [sys.executable, "-I", str(_CHILD), *map(str, numbers)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env={}, cwd="/") as process:  # noqa: S603 - our own program and numbers
        timer = threading.Timer(limits.seconds, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()
            if process.stdin:
                # What a dead child did not take would be flushed once more on closing.
                with suppress(BrokenPipeError):
                    process.stdin.close()


def _outcome(conversation: _Conversation, process: subprocess.Popen[bytes]) -> Document:
    summary = conversation.summary
    if summary and (conversation.preview or summary.encrypted):
        return Document(summary.pages, summary.encrypted, summary.title, conversation.preview)
    if conversation.refused:
        raise InvalidDocument("invalid_pdf", "This PDF cannot be read: it is damaged or incomplete.")
    process.kill()
    complaint = process.stderr.read(_MAX_LOGGED_BYTES).decode(errors="replace") if process.stderr else ""
    if not conversation.started:
        raise RuntimeError(f"the PDF process did not start: {complaint}")
    _log.info("the PDF process ended early with %s: %s", process.wait(), complaint)
    if summary is None:
        raise InvalidDocument(
            "pdf_too_complex", "This PDF cannot be opened: it is damaged, or takes too much time or memory."
        )
    return summary


def _summary(payload: bytes) -> Document:
    try:
        summary = json.loads(payload)
        pages, encrypted, title = summary["pages"], summary["encrypted"], summary["title"]
    except (ValueError, LookupError, TypeError) as error:
        raise _NonsenseError("the child's summary is none") from error
    if encrypted is True:
        return Document(None, True, None, None)
    if not isinstance(pages, int) or pages < 1:
        raise _NonsenseError("the child's document has no pages")
    return Document(pages, False, _title(title), None)


def _preview(payload: bytes) -> Preview:
    width, height, data = int.from_bytes(payload[:2]), int.from_bytes(payload[2:4]), payload[4:]
    if not (0 < width <= PREVIEW_SIZE and 0 < height <= PREVIEW_SIZE and data.startswith(b"\xff\xd8\xff")):
        raise _NonsenseError("the child's preview is none")
    return Preview(data, width, height)


def _title(title: object) -> str | None:
    if not isinstance(title, str):
        return None
    printable = "".join(character if character.isprintable() else " " for character in title)
    return " ".join(printable.split())[:MAX_TITLE_LENGTH] or None
