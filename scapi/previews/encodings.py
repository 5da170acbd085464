"""Content-Encoding, undone piece by piece: a small answer that unfolds without end is read up to a limit only."""

import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli

ACCEPTED = "gzip, deflate, br"


class BadEncoding(Exception):
    """The bytes are not what Content-Encoding says, or it names something that was not asked for."""


class Decoder(Protocol):
    """Undoes one encoding."""

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        """Yield what `data` unfolds to, at most `most` bytes at a time. Raises BadEncoding."""
        ...


class _Identity:
    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        yield data


class _Zlib:
    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        while data:
            try:
                yield self._inner.decompress(data, most)
            except zlib.error as error:
                raise BadEncoding(str(error)) from error
            data = self._inner.unconsumed_tail


class _Deflate:
    """`deflate` is zlib's format (RFC 9110, section 8.4.1.2), but servers that send it bare are as common."""

    def __init__(self) -> None:
        self._inner: _Zlib | None = None

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        if self._inner is None and data:
            self._inner = _Zlib(zlib.MAX_WBITS if data[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS)
        return self._inner.decode(data, most) if self._inner else iter(())


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        try:
            piece = self._inner.process(data, output_buffer_limit=most)
            while piece:  # can_accept_more_data() is true before all that the data unfold to was given out
                yield piece
                piece = b"" if self._inner.is_finished() else self._inner.process(b"", output_buffer_limit=most)
        except brotli.error as error:
            raise BadEncoding(str(error)) from error


def decoder(encoding: str) -> Decoder:
    """Return what undoes the Content-Encoding `encoding`. Raises BadEncoding: one at a time was asked for."""
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Zlib(zlib.MAX_WBITS | 16)
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
    raise BadEncoding(f"the encoding {encoding!r} was not asked for")
