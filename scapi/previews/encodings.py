"""Content-Encoding, decoded piece by piece: an answer that expands without end is read only up to a limit.

Some servers name encodings that they did not use. So the first bytes count more than the name.
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
"""The most nested encodings of one answer."""

MAX_MEMBERS = 1000
"""The most streams in one answer (RFC 1952, 2.2; RFC 8878, 3.1): each costs time, even an empty one."""

MAX_BETWEEN = 16 * 1024 * 1024
"""The most bytes between two layers."""

ZSTD_WINDOW_LOG = 23
"""8 MiB of memory. Servers on the web may not require more (RFC 9659, 3)."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,99}<[!?a-zA-Z]")


class BadEncoding(Exception):
    """The bytes are not what Content-Encoding says."""


class Decoder(Protocol):
    """Decodes one encoding."""

    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        """Yield the decoded bytes of `data`, at most `most` bytes at a time. Raises BadEncoding."""
        ...


class _Identity:
    def decode(self, data: bytes, most: int) -> Iterator[bytes]:
        yield data


class _Deflate:
    """`deflate` means zlib's format (RFC 9110, section 8.4.1.2), but as many servers send a bare deflate stream."""

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
                    return  # bytes after the last member are ignored
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
            while piece:  # can_accept_more_data() may be true before all decoded bytes were returned
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
    """Decodes the encoding that the first bytes show, or else the one that the answer names."""

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
    """Decodes nested encodings."""

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
    """Return the decoder for the Content-Encoding `encoding`. Unknown names are ignored, as browsers do."""
    names = [name.strip().lower().removeprefix("x-") for name in encoding[:200].split(",")]
    known = [name for name in names if name in ("gzip", "deflate", "br", "zstd")]
    if len(known) > MAX_LAYERS:
        raise BadEncoding(f"more than {MAX_LAYERS} encodings")
    layers: Iterable[Decoder] = [_Named(name) for name in reversed(known)]
    joined: Callable[[Decoder, Decoder], Decoder] = _Layers
    return reduce(joined, layers) if known else _Identity()
