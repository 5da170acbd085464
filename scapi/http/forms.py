"""Multipart forms, read while they arrive."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Request
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.http import parse_options_header

from scapi.http import incoming, texts

MAX_PARTS = 100
"""The most parts of a form."""

MAX_FIELDS = 512 * 1024
"""The most bytes of all fields of a form together, without files."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Received bytes, in blocks: joining them would need twice the memory."""

    blocks: list[bytes]

    @property
    def size(self) -> int:
        """Number of bytes."""
        return sum(map(len, self.blocks))

    def head(self, size: int) -> bytes:
        """Return the first `size` bytes, or all if there are fewer."""
        return self.stream().read(size)

    def stream(self) -> io.BufferedReader:
        """Return a stream that reads the bytes from the beginning."""
        return io.BufferedReader(_BlockReader(self.blocks))


class _BlockReader(io.RawIOBase):
    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._block = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._block:
            self._block = memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._block))
        buffer[:size] = self._block[:size]
        self._block = self._block[size:]
        return size


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in a form. For an empty input of a browser, name and content are empty."""

    filename: str
    content: Blocks


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its fields, the first of each name, and its files."""

    fields: dict[str, str]
    files: list[FilePart]


def read(request: Request) -> Form:
    """Return the multipart form (RFC 7578) that is the request's body.

    Raises BadRequest, RequestEntityTooLarge and ClientDisconnected.
    """
    fields, files = Fields(), list[FilePart]()
    filename, data = None, list[bytes]()
    for event in events(request, incoming.blocks(request)):
        if isinstance(event, MultipartSegment):
            filename, data = filename_of(event), []
            if filename is None:
                fields.begin(event)
        elif event is not None:
            data.append(event)
        elif filename is not None:
            files.append(FilePart(filename, Blocks(data)))
        else:
            fields.end(data)
    return Form(fields.found, files)


class Fields:
    """The fields of a form, the first of each name, as they arrive."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._size = 0
        self._name = ""

    def begin(self, segment: MultipartSegment) -> None:
        """Begin the next field."""
        self._name = _text(segment.name or "")

    def end(self, data: list[bytes]) -> None:
        """End the field, with its text. Raises RequestEntityTooLarge if all fields together are too large."""
        self._size += sum(map(len, data))
        if self._size > MAX_FIELDS:
            raise RequestEntityTooLarge
        self.found.setdefault(self._name, b"".join(data).decode(errors="replace"))


def events(request: Request, blocks: Iterable[bytes]) -> Iterator[MultipartSegment | bytes | None]:
    """Yield, for each part of the form, a segment, the blocks of its content, and None.

    Exceptions of `blocks`, the request's body, are raised after all content that arrived before. Raises BadRequest and
    RequestEntityTooLarge.
    """
    boundary = request.mimetype_params.get("boundary", "")
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_PARTS, header_charset="latin-1") as parser:
            for block in blocks:
                yield from parser.parse(block)
    except ParserLimitReached as error:
        raise RequestEntityTooLarge from error
    except MultipartError as error:
        raise BadRequest(f"the multipart form cannot be read: {error}") from error


def filename_of(segment: MultipartSegment) -> str | None:
    """Return the file name of a part; None for a field. Some clients send `filename*`, which RFC 7578 forbids."""
    disposition = segment.header("Content-Disposition", "")
    if "filename*" in disposition and (name := parse_options_header(disposition)[1].get("filename")):
        return name
    return None if segment.filename is None else _text(segment.filename)


def _text(header: str) -> str:
    """Decode a text of a part's header, which was read as Latin-1: every byte is one character."""
    return header if header.isascii() else texts.decode(header.encode("latin-1"))
