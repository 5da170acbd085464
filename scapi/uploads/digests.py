"""Digests of a request's bytes in its headers: Content-Digest (RFC 9530) and Content-MD5 (RFC 1864). No I/O."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Protocol

from scapi.refusals import Refused

ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5", "sha": "sha1"}
"""hashlib's names by those of the IANA registry "Hash Algorithms for HTTP Digest Fields"; others are ignored."""

_ITEM = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*(?:;[^,]*)?", re.ASCII)


class Check(Protocol):
    """Checks at the end of a request whether its bytes are the intended ones."""

    def update(self, data: bytes) -> object:
        """Take the next bytes of the request."""

    def verify(self) -> None:
        """Raise Refused if the bytes are not the intended ones."""


class Digests:
    """Compares bytes with all digests of a request: `wanted`, by algorithm (hashlib's name)."""

    def __init__(self, wanted: Mapping[str, bytes]) -> None:
        self._wanted = wanted
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in wanted}

    def update(self, data: bytes) -> None:
        """Take the next bytes of the request."""
        for taken in self._hashes.values():
            taken.update(data)

    def agree(self) -> bool:
        """Return whether all digests match the bytes."""
        return all(hmac.compare_digest(self._hashes[name].digest(), digest) for name, digest in self._wanted.items())

    def verify(self) -> None:
        """Raise Refused if a digest does not match the bytes."""
        if not self.agree():
            raise mismatch()


def parse(content_digest: str | None, content_md5: str | None) -> dict[str, bytes]:
    """Return the digests of the two header fields, by algorithm (hashlib's name). Raises Refused."""
    wanted = {}
    for item in filter(None, map(str.strip, (content_digest or "").split(","))):
        match = _ITEM.fullmatch(item)
        if not match:
            raise _bad_digest(f"Content-Digest must look like sha-256=:BASE64:, not {item[:80]!r}")
        if match[1] in ALGORITHMS:
            wanted[ALGORITHMS[match[1]]] = _decoded(match[2], ALGORITHMS[match[1]])
    if content_md5:
        wanted["md5"] = _decoded(content_md5.strip(), "md5")
    return wanted


def mismatch() -> Refused:
    """Return the refusal of bytes with another digest."""
    return Refused("digest_mismatch", "the received bytes do not match the digest in the request; send them again")


def _decoded(text: str, algorithm: str) -> bytes:
    try:
        digest = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; another is raised for non-ASCII text
        digest = b""
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise _bad_digest(f"the {algorithm} digest must be base64 of its bytes, not {text[:100]!r}")
    return digest


def _bad_digest(message: str) -> Refused:
    return Refused("invalid_digest", message)
