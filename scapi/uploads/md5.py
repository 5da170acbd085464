"""An MD5 that continues from chunk to chunk: its state is bytes that a row can store.

hashlib cannot save its state. OpenSSL's MD5_CTX is a plain public struct (openssl/md5.h), so libcrypto through ctypes
has full speed and a state of 92 bytes. Without libcrypto, the state is a chained digest of 16 bytes: it still shows
whether two chunks are the same, but the file must be read once at the end.

An MD5 takes as long as storing the same bytes, or longer: `Hashing` hashes many bytes in another thread.
"""

import _hashlib
import ctypes
import ctypes.util
import hashlib
import os
import re
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

HEX = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
"""The format of an MD5 from a client."""

CONTEXT_SIZE = 92
"""sizeof(MD5_CTX): A, B, C, D, Nl, Nh, data[16], num; 23 words of 32 bits."""

WORTHWHILE = 1024 * 1024
"""From this number of bytes on, another thread saves more than it costs."""

_threads = ThreadPoolExecutor(os.cpu_count() or 1, "hashing")
"""Shared by all requests of the process: more threads than processors would not be faster."""


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


class Hashing:
    """The MD5 of the bytes after `before`: many bytes are hashed in another thread, few at the end."""

    def __init__(self, before: bytes) -> None:
        self._md5 = after(before)
        self._waiting: list[bytes] = []
        self._size = 0
        self._running: Future[None] | None = None
        self._lock = threading.Lock()

    def update(self, data: bytes) -> None:
        """Add bytes, to be hashed now or later."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= WORTHWHILE and (self._running is None or self._running.done()):
            self._hash_beside()

    def state(self) -> bytes:
        """Return the state after all bytes so far; wait until they are hashed. More may follow."""
        if self._running:
            self._running.result()
            self._running = None
        self._hash(deque(self._taken()))
        return self._md5.state()

    def _hash_beside(self) -> None:
        if self._running:
            self._running.result()
        blocks = deque(self._taken())
        try:
            self._running = _threads.submit(self._hash, blocks)
        except RuntimeError:  # no thread can be started; one that runs already may come to these blocks, too
            self._running = None
            self._hash(blocks)

    def _taken(self) -> list[bytes]:
        blocks, self._waiting, self._size = self._waiting, [], 0
        return blocks

    def _hash(self, blocks: deque[bytes]) -> None:
        """Hash each of these blocks once, whoever else is given them."""
        with self._lock:
            while blocks:
                self._md5.update(blocks.popleft())
