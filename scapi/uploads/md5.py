"""An MD5 that continues from chunk to chunk: its state is bytes that a row can store.

hashlib cannot save its state. OpenSSL's MD5_CTX is a plain public struct (openssl/md5.h), so libcrypto through ctypes
has full speed and a state of 92 bytes. Without libcrypto, the state is a chained digest of 16 bytes: it still shows
whether two chunks are the same, but the file must be read once at the end.
"""

import _hashlib
import ctypes
import ctypes.util
import hashlib
import re
from typing import Protocol

HEX = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
"""The format of an MD5 from a client."""

CONTEXT_SIZE = 92
"""sizeof(MD5_CTX): A, B, C, D, Nl, Nh, data[16], num; 23 words of 32 bits."""


class Md5(Protocol):
    """The MD5 of the bytes so far."""

    def update(self, data: bytes) -> None:
        """Add `data`. Other threads can run in the meantime."""

    def state(self) -> bytes:
        """Return the state for a row; `after` continues from it."""


class _Carried:
    """Continues with OpenSSL's own struct."""

    def __init__(self, library: ctypes.CDLL, state: bytes) -> None:
        self._library = library
        self._context = ctypes.create_string_buffer(state, CONTEXT_SIZE)

    def update(self, data: bytes) -> None:
        self._library.MD5_Update(self._context, data, ctypes.c_size_t(len(data)))

    def state(self) -> bytes:
        return self._context.raw


class _Chained:
    """Begins again with the digest of the earlier bytes."""

    def __init__(self, state: bytes) -> None:
        self._md5 = hashlib.md5(state, usedforsecurity=False)

    def update(self, data: bytes) -> None:
        self._md5.update(data)

    def state(self) -> bytes:
        return self._md5.digest()


def _load_libcrypto() -> ctypes.CDLL | None:
    """Return the libcrypto that Python's own hashlib uses, or the system's, if its MD5 agrees with hashlib's."""
    for path in (getattr(_hashlib, "__file__", None), ctypes.util.find_library("crypto")):
        try:
            library = ctypes.CDLL(path) if path else None
            if library and _is_right(library):
                return library
        except (OSError, AttributeError):  # no such library, or it has no MD5 functions
            continue
    return None


def _is_right(library: ctypes.CDLL) -> bool:
    md5 = _Carried(library, _empty(library))
    md5.update(b"scapi")
    return _digest(library, md5.state()) == hashlib.md5(b"scapi", usedforsecurity=False).hexdigest()


def _empty(library: ctypes.CDLL) -> bytes:
    context = ctypes.create_string_buffer(CONTEXT_SIZE)
    library.MD5_Init(context)
    return context.raw


def _digest(library: ctypes.CDLL, state: bytes) -> str:
    digest = ctypes.create_string_buffer(16)
    library.MD5_Final(digest, ctypes.create_string_buffer(state, CONTEXT_SIZE))
    return digest.raw.hex()


_libcrypto = _load_libcrypto()


def start() -> bytes:
    """Return the state of no bytes at all."""
    return _empty(_libcrypto) if _libcrypto else b""


def after(state: bytes) -> Md5:
    """Return the MD5 that continues from `state`, for one chunk: a chained digest depends on the chunks' borders."""
    if _libcrypto and len(state) == CONTEXT_SIZE:
        return _Carried(_libcrypto, state)
    return _Chained(state)


def hexdigest(state: bytes) -> str | None:
    """Return the MD5 of all bytes so far in lower-case hex; None if the file must be read for it."""
    if _libcrypto and len(state) == CONTEXT_SIZE:
        return _digest(_libcrypto, state)
    return None
