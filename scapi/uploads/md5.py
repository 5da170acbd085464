"""An MD5 that is carried along from chunk to chunk, in a state that a row can keep.

hashlib cannot save its state. OpenSSL's MD5_CTX is a plain public struct (openssl/md5.h), so libcrypto through
ctypes gives its full speed and 92 bytes to keep. Where libcrypto cannot be found, the state is a chained digest of
16 bytes instead: it still tells whether two chunks are the same, but the file must be read once at the end.
"""

import _hashlib
import ctypes
import ctypes.util
import hashlib

CONTEXT_SIZE = 92
"""sizeof(MD5_CTX): A, B, C, D, Nl, Nh, data[16], num; 23 words of 32 bits."""


def _load_libcrypto() -> ctypes.CDLL | None:
    """Return the libcrypto that Python's own hashlib uses, or the system's, if its MD5 agrees with hashlib's."""
    for path in (getattr(_hashlib, "__file__", None), ctypes.util.find_library("crypto")):
        try:
            library = ctypes.CDLL(path) if path else None
            if (
                library
                and _digest(library, _update(library, _new(library), b"scapi"))
                == hashlib.md5(b"scapi", usedforsecurity=False).hexdigest()
            ):
                return library
        except (OSError, AttributeError):  # no such library, or one without the MD5 functions
            continue
    return None


def _new(library: ctypes.CDLL) -> bytes:
    context = ctypes.create_string_buffer(CONTEXT_SIZE)
    library.MD5_Init(context)
    return context.raw


def _update(library: ctypes.CDLL, state: bytes, data: bytes | memoryview) -> bytes:
    context = ctypes.create_string_buffer(state, CONTEXT_SIZE)
    chunk = data if isinstance(data, bytes) else (ctypes.c_char * len(data)).from_buffer(data)
    library.MD5_Update(context, chunk, ctypes.c_size_t(len(data)))
    return context.raw


def _digest(library: ctypes.CDLL, state: bytes) -> str:
    digest = ctypes.create_string_buffer(16)
    library.MD5_Final(digest, ctypes.create_string_buffer(state, CONTEXT_SIZE))
    return digest.raw.hex()


_libcrypto = _load_libcrypto()


def start() -> bytes:
    """Return the state of no bytes at all."""
    return _new(_libcrypto) if _libcrypto else b""


def extend(state: bytes, data: bytes | memoryview) -> bytes:
    """Return the state after `data` (a memoryview must be writable: no copy is made of it)."""
    if _libcrypto and len(state) == CONTEXT_SIZE:
        return _update(_libcrypto, state, data)
    chained = hashlib.md5(state, usedforsecurity=False)
    chained.update(data)
    return chained.digest()


def hexdigest(state: bytes) -> str | None:
    """Return the MD5 of all bytes so far in lower-case hex, None where only reading the file can tell."""
    if _libcrypto and len(state) == CONTEXT_SIZE:
        return _digest(_libcrypto, state)
    return None
