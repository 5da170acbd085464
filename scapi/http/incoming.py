"""The body of a request: limits of its size and of its client's silence, and its bytes as a stream.

Each block is read as soon as it arrives, and copied as little as possible.
"""

import socket
from collections.abc import Callable, Iterator
from time import monotonic
from typing import IO, Any

from flask import Flask, Request, Response, current_app, request
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge

from scapi.http import errors
from scapi.settings import Settings, settings

READ_SIZE = 1024 * 1024
"""Bytes to read at a time: as many as gunicorn reads from a socket at once."""

SMALL_READ_SIZE = 64 * 1024
"""Bytes to read at a time from a slow client: Python allocates this buffer before it waits, for each of many slow
clients.
"""

TICK = 0.5
"""Seconds without a byte after which `silent` is called."""

FORM_OVERHEAD = 64 * 1024
"""The most bytes of a multipart body beside its chunk."""

REFUSED_SILENCE = 1
"""Seconds that a client may be silent while it sends the rest of a refused body."""

REFUSED_TIME = 10
"""Seconds that it may take to send the rest of such a body."""


def register(app: Flask, settings: Settings) -> None:
    """Limit the size of requests, and disconnect clients that stop in the middle of a body.

    gunicorn notices invalid chunked encoding only while the body is read; the answer is then 400.
    """
    app.config["MAX_CONTENT_LENGTH"] = settings.max_chunk_bytes + FORM_OVERHEAD
    app.before_request(_bound_silence)
    app.after_request(_read_to_the_end)
    app.register_error_handler(ParseException, _malformed)


def _bound_silence() -> None:
    """Limit the wait for the body to `SCAPI_CLIENT_TIMEOUT` seconds: gunicorn's threads would wait forever."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and request.method in ("POST", "PUT", "PATCH"):
        connection.settimeout(settings.client_timeout)


def _read_to_the_end(answer: Response) -> Response:
    """Read the rest of a refused request's body, up to the limit of bodies.

    gunicorn closes the connection if more than 64 KiB are left; the client may then lose the answer and its next
    request.
    """
    give_up(request.environ)
    if answer.status_code >= 400 and request.method in ("POST", "PUT", "PATCH"):
        connection = request.environ.get("gunicorn.socket")
        if connection is not None:
            connection.settimeout(REFUSED_SILENCE)
        left, end = current_app.config["MAX_CONTENT_LENGTH"], monotonic() + REFUSED_TIME
        try:
            while (
                left > 0
                and monotonic() < end
                and (data := request.environ["wsgi.input"].read(min(left, FORM_OVERHEAD)))
            ):
                left -= len(data)
        except (OSError, ParseException) as error:  # the client is silent or gone, or sends invalid data
            current_app.logger.debug("the rest of a refused body did not arrive: %s", error)
    return answer


def _malformed(_error: ParseException) -> Response:
    return errors.http_exception(BadRequest("the chunked encoding of the body is not valid (RFC 9112, section 7.1)"))


def nothing() -> None:
    """Do nothing while a client is silent."""


def blocks(request: Request, silent: Callable[[], None] = nothing) -> Iterator[bytes]:
    """Yield the request's body, in blocks of any size, as it arrives; call `silent` every TICK seconds without a byte.

    An exception of `silent` ends the reading. A client that is silent for the connection's timeout counts as gone.
    Raises RequestEntityTooLarge beyond `request.max_content_length`, and ClientDisconnected if the body breaks off,
    after all received bytes. Werkzeug's stream does the same, but waits for full blocks and copies every byte.
    """
    length, most = request.content_length, request.max_content_length or 0
    if length is None and not request.environ.get("wsgi.input_terminated"):
        return  # the length of the body is unknown
    if (length or 0) > most:
        raise RequestEntityTooLarge
    size = 0
    try:
        for block in _arriving(request.environ, length, silent):
            size += len(block)
            if size > most:
                raise RequestEntityTooLarge
            yield block
    except OSError as error:  # the client became silent or closed the connection
        raise ClientDisconnected from error
    if length is not None and size < length:
        raise ClientDisconnected


def _arriving(environ: dict[str, Any], length: int | None, silent: Callable[[], None]) -> Iterator[bytes]:
    body = environ["wsgi.input"]
    if not isinstance(body, Body):
        yield from _of_stream(body, length)
        return
    if isinstance(body.reader, LengthReader):
        pieces, unreader = _of_length(body.reader), body.reader.unreader
    elif isinstance(body.reader, ChunkedReader):
        pieces, unreader = _of_chunks(body.reader), body.reader.req.unreader
    else:
        yield from _of_stream(body, length)
        return
    try:
        with _Patience(unreader, silent):
            yield from pieces
    except GeneratorExit:
        raise
    except BaseException:
        body.failed = True  # the start of a next request is not known
        raise


def give_up(environ: dict[str, Any]) -> None:
    """End an unfinished reading of the body, so that the rest can be read as usual."""
    body = environ.get("wsgi.input")
    if isinstance(body, Body):
        if isinstance(body.reader, LengthReader):
            give_back(body.reader.unreader)
        elif isinstance(body.reader, ChunkedReader):
            give_back(body.reader.req.unreader)


def give_back(unreader: SocketUnreader) -> None:
    """Give gunicorn's reader its socket back, if a reading has replaced it."""
    if isinstance(unreader.sock, _Patience):
        unreader.sock.__exit__()


def _of_stream(stream: IO[bytes], length: int | None) -> Iterator[bytes]:
    left = length
    while left != 0 and (block := stream.read(READ_SIZE if left is None else min(READ_SIZE, left))):
        if left is not None:
            left -= len(block)
        yield block


def _of_length(reader: LengthReader) -> Iterator[bytes]:
    while reader.length:
        block = reader.unreader.read(None, read_ahead=min(reader.length, READ_SIZE))
        if not block:
            return
        if len(block) > reader.length:  # this belongs to the client's next request
            reader.unreader.unread(block[reader.length :])
            block = block[: reader.length]
        reader.length -= len(block)
        yield block


def _of_chunks(reader: ChunkedReader) -> Iterator[bytes]:
    if read_before := reader.buf.tell():
        yield reader.read(read_before)
    while reader.parser is not None:
        block = next(reader.parser, None)
        if block is None:
            reader.parser = None
        elif block:
            yield block


class _Patience:
    """Stands between gunicorn's reader and its socket, and calls `silent` while no byte arrives."""

    def __init__(self, unreader: SocketUnreader, silent: Callable[[], None]) -> None:
        give_back(unreader)
        self._unreader = unreader
        self._socket: socket.socket = unreader.sock
        self._timeout = self._socket.gettimeout()
        self._silent = silent
        self._most = READ_SIZE

    def __enter__(self) -> None:
        if self._timeout is None or self._timeout > TICK:
            self._socket.settimeout(TICK)
        self._unreader.sock = self

    def __exit__(self, *_: object) -> None:
        if self._unreader.sock is self:
            self._unreader.sock = self._socket
            if self._socket.fileno() >= 0:
                self._socket.settimeout(self._timeout)

    def recv(self, size: int) -> bytes:
        """Return received bytes; raise TimeoutError after the socket's own timeout without a byte."""
        waited = 0.0
        while True:
            try:
                data = self._socket.recv(min(size, self._most))
            except TimeoutError:
                waited += TICK
                if self._timeout is not None and waited >= self._timeout:
                    raise
                self._silent()
            else:
                self._most = READ_SIZE if len(data) >= SMALL_READ_SIZE // 2 else SMALL_READ_SIZE
                return data
