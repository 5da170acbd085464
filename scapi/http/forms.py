"""Bodies as they come off the wire: read in large blocks, which are copied as little as can be."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from flask import Request
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import parse_options_header

READ_SIZE = 1024 * 1024
"""Bytes asked for at a time: as much as gunicorn takes from a socket at once."""

MAX_PARTS = 100
"""Parts of a form."""

MAX_FIELDS = 512 * 1024
"""Bytes of all fields of a form together, files aside."""

Listener = Callable[[bytes], object]
"""Is told each block of a file as soon as it has come."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Bytes as they came, in blocks: joining them would take up their memory twice."""

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
    """A file in a form. Where a browser's input was left empty, both are."""

    filename: str
    content: Blocks


@dataclass(frozen=True, slots=True)
class Form:
    """What a form holds: its fields, the first of each name, and its files."""

    fields: dict[str, str]
    files: list[FilePart]


def read(request: Request, listen: Callable[[Mapping[str, str]], Listener | None] = lambda _: None) -> Form:
    """Return the multipart form (RFC 7578) that is the request's body.

    `listen` is called where a file begins, with the fields that came before it, for who wants to hear of its blocks.
    Raises BadRequest, RequestEntityTooLarge and ClientDisconnected.
    """
    form, size = Form({}, []), 0
    segment, filename, data, listener = None, None, list[bytes](), None
    for event in _events(request):
        if isinstance(event, MultipartSegment):
            segment, filename, data = event, _filename(event), []
            listener = None if filename is None else listen(form.fields)
        elif event is not None:
            data.append(event)
            if listener:
                listener(event)
        elif filename is not None:
            form.files.append(FilePart(filename, Blocks(data)))
        elif segment is not None:
            size += segment.size
            if size > MAX_FIELDS:
                raise RequestEntityTooLarge
            form.fields.setdefault(segment.name or "", b"".join(data).decode(errors="replace"))
    return form


def blocks(request: Request) -> Iterator[bytes]:
    """Yield the request's body. Raises RequestEntityTooLarge and ClientDisconnected.

    Werkzeug's stream says the same, but copies every byte twice more.
    """
    length, most = request.content_length, request.max_content_length or 0
    if length is None and not request.environ.get("wsgi.input_terminated"):
        return  # nothing says where the body ends
    if (length or 0) > most:
        raise RequestEntityTooLarge
    stream, left = request.environ["wsgi.input"], most + 1 if length is None else length
    while left and (block := _read(stream, min(READ_SIZE, left))):
        left -= len(block)
        yield block
    if length is None and not left:
        raise RequestEntityTooLarge
    if length is not None and left:
        raise ClientDisconnected


def _read(stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except OSError as error:  # the client fell silent, or hung up
        raise ClientDisconnected from error


def _events(request: Request) -> Iterator[MultipartSegment | bytes | None]:
    """Yield a segment where a part begins, then the blocks of its content, then None."""
    boundary = request.mimetype_params.get("boundary", "")
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_PARTS) as parser:
            for block in blocks(request):
                yield from parser.parse(block)
    except ParserLimitReached as error:
        raise RequestEntityTooLarge from error
    except MultipartError as error:
        raise BadRequest(f"the multipart form cannot be read: {error}") from error


def _filename(segment: MultipartSegment) -> str | None:
    """Return the name of a part that is a file. Some clients send it as `filename*`, which RFC 7578 does not know."""
    filename: str | None = segment.filename
    disposition = segment.header("Content-Disposition", "")
    if filename is None and "filename*" in disposition:
        filename = parse_options_header(disposition)[1].get("filename")
    return filename
