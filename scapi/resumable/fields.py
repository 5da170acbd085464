"""The header fields of resumable uploads, which are structured fields (RFC 9651). No I/O.

A field with an invalid value is ignored, as the draft requires.
"""

from dataclasses import dataclass
from typing import Any, Protocol, Self

import http_sf

from scapi.uploads.digests import ALGORITHMS
from scapi.uploads.rules import MAX_OFFSET

PARTIAL_UPLOAD = "application/partial-upload"

NAMES = {hashlib_name: name for name, hashlib_name in ALGORITHMS.items()}

INCOMPLETE_UNTIL = 2
"""The last interop version with Upload-Incomplete, the opposite of Upload-Complete."""

MEDIA_TYPE_SINCE = 6
"""The first interop version in which an append must have the type PARTIAL_UPLOAD."""


class Headers(Protocol):
    """The headers of a request, by their names in any case."""

    def get(self, key: str, /) -> str | None:
        """Return a header's value; None if it is missing."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a request about its upload; None for a missing or invalid field."""

    complete: bool | None
    offset: int | None
    length: int | None
    version: int | None
    """Upload-Draft-Interop-Version; None is the newest draft."""

    @classmethod
    def of(cls, headers: Headers) -> Self:
        """Read the fields of a request."""
        version = _integer(headers.get("Upload-Draft-Interop-Version"))
        if version is not None and version <= INCOMPLETE_UNTIL:
            incomplete = _boolean(headers.get("Upload-Incomplete"))
            complete = None if incomplete is None else not incomplete
        else:
            complete = _boolean(headers.get("Upload-Complete"))
        offset, length = _integer(headers.get("Upload-Offset")), _integer(headers.get("Upload-Length"))
        return cls(complete, offset, length, version)

    @property
    def wants_media_type(self) -> bool:
        """Whether an append must have the type PARTIAL_UPLOAD."""
        return self.version is None or self.version >= MEDIA_TYPE_SINCE

    def describe(self, complete: bool) -> dict[str, str]:
        """Return the header that says whether the upload is complete, under its name in this version of the draft."""
        if self.version is not None and self.version <= INCOMPLETE_UNTIL:
            return {"Upload-Incomplete": "?0" if complete else "?1"}
        return {"Upload-Complete": "?1" if complete else "?0"}


def digests(header: str | None) -> dict[str, bytes]:
    """Return the digests of Repr-Digest (RFC 9530) that scapi can check, by the name of hashlib's algorithm."""
    found = _parse(header, "dictionary")
    if not isinstance(found, dict):
        return {}
    return {
        ALGORITHMS[name]: value
        for name, (value, _parameters) in found.items()
        if name in ALGORITHMS and isinstance(value, bytes)
    }


def wants_md5(header: str | None) -> bool:
    """Return whether Want-Repr-Digest asks for an MD5. Other digests are not stored."""
    found = _parse(header, "dictionary")
    return isinstance(found, dict) and "md5" in found and found["md5"][0] != 0


def digest_field(name: str, digest: bytes) -> str:
    """Return a value of Repr-Digest for an algorithm, given by its name in hashlib."""
    return http_sf.ser({NAMES[name]: (digest, {})})


def _boolean(header: str | None) -> bool | None:
    value = _item(header)
    return value if isinstance(value, bool) else None


def _integer(header: str | None) -> int | None:
    value = _item(header)
    return value if type(value) is int and 0 <= value <= MAX_OFFSET else None


def _item(header: str | None) -> Any:
    found = _parse(header, "item")
    return found[0] if isinstance(found, tuple) else None


def _parse(header: str | None, kind: str) -> Any:
    if header is None:
        return None
    try:
        return http_sf.parse(header.encode("latin-1"), tltype=kind)
    except ValueError:
        return None
