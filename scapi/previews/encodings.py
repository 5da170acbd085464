"""Content-Encoding, decoded piece by piece: an answer that expands without end is read up to a limit only.

Servers name encodings that they did not use. What the first bytes show is believed before the name.
"""

import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPTED = "gzip, deflate, br, zstd"

MAX_LAYERS = 2
"""Encodings of one answer, one around the other."""

MAX_MEMBERS = 1000
"""Streams of one answer, one after the other (RFC 1952, 2.2; RFC 8878, 3.1): each costs time, and may hold nothing."""

MAX_BETWEEN = 16 * 1024 * 1024
"""Bytes between two layers."""

ZSTD_WINDOW_LOG = 23
"""8 MiB of memory: no more may be needed on the web (RFC 9659, 3)."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,99}<[!?a-zA-Z]")


class BadEncoding(Exception):
    """The bytes are not what Content-Encoding says."""


class Decoder(Protocol):
    """Undoes one encoding."""

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        """Yield what `data` unfolds to, at most `most` bytes at a time. Raises BadEncoding."""
        ...


class _Identity:
    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        yield data


class _Deflate:
    """`deflate` is zlib's format (RFC 9110, section 8.4.1.2), but servers that send it bare are as common."""

    def __init__(self, first: bytes) -> None:
        wrapped = first[0] & 0x0F == zlib.DEFLATED
        self._inner = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        while data:
            try:
                yield self._inner.decompress(data, most)
            except zlib.error as error:
                raise BadEncoding(str(error)) from error
            data = self._inner.unconsumed_tail


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._members = 1

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        while data:
            if self._inner.eof:
                if not data.startswith(_GZIP[:1]) or self._members >= MAX_MEMBERS:
                    return  # what follows the last member means nothing
                self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)
                self._members += 1
            try:
                yield self._inner.decompress(data, most)
            except zlib.error as error:
                raise BadEncoding(str(error)) from error
            data = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail


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


class _Zstd:
    def __init__(self) -> None:
        self._inner = self._new()
        self._members = 1

    @staticmethod
    def _new() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        try:
            while data or not (self._inner.eof or self._inner.needs_input):
                if self._inner.eof:
                    if self._members >= MAX_MEMBERS:
                        return
                    self._inner = self._new()
                    self._members += 1
                yield self._inner.decompress(data, most)
                data = self._inner.unused_data if self._inner.eof else b""
        except zstd.ZstdError as error:
            raise BadEncoding(str(error)) from error


class _Named:
    """Undoes the encoding that an answer names, or the one that its first bytes show."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._first = b""
        self._inner: Decoder | None = None

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        if self._inner is None:
            data = self._first = self._first + data
            if len(data) < len(_ZSTD):
                return iter(())
            self._inner = self._seen(data)
        return self._inner.decode(data, most)

    def _seen(self, first: bytes) -> Decoder:
        if first.startswith(_GZIP):
            return _Gzip()
        if first.startswith(_ZSTD):
            return _Zstd()
        if self._name not in ("deflate", "br") or _PLAIN.match(first):
            return _Identity()
        return _Deflate(first) if self._name == "deflate" else _Brotli()


class _Layers:
    """Undoes one encoding around another."""

    def __init__(self, outer: Decoder, inner: Decoder) -> None:
        self._outer = outer
        self._inner = inner
        self._between = 0

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        for piece in self._outer.decode(data, most):
            self._between += len(piece)
            if self._between > MAX_BETWEEN:
                raise BadEncoding("too much between two encodings")
            yield from self._inner.decode(piece, most)


def decoder(encoding: str) -> Decoder:
    """Return what undoes the Content-Encoding `encoding`. Names that mean nothing are passed over, as browsers do."""
    names = [name.strip().lower().removeprefix("x-") for name in encoding[:200].split(",")]
    known = [name for name in names if name in ("gzip", "deflate", "br", "zstd")]
    if len(known) > MAX_LAYERS:
        raise BadEncoding(f"more than {MAX_LAYERS} encodings")
    layers: Iterable[Decoder] = [_Named(name) for name in reversed(known)]
    joined: Callable[[Decoder, Decoder], Decoder] = _Layers
    return reduce(joined, layers) if known else _Identity()
