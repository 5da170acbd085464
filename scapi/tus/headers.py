"""Parses the headers of tus. No I/O."""

import base64
import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from scapi.refusals import Refused
from scapi.uploads.rules import MAX_OFFSET

VERSION = "1.0.0"

MAX_METADATA = 4096
"""The most characters of Upload-Metadata."""

MAX_PARTS = 100
"""The most partial uploads that one upload may join."""

CHECKSUMS = ("md5", "sha1", "sha256", "crc32")

_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_KEY = re.compile(r"[!-+\--~]+", re.ASCII)  # ASCII without space and comma
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def number(name: str, text: str | None) -> int | None:
    """Return a header's number of bytes; None if the header is missing. Raises Refused."""
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or int(text) > MAX_OFFSET:
        raise _invalid(f"{name} must be a number of bytes, not {text[:40]!r}")
    return int(text)


def total(upload_length: str | None, upload_defer_length: str | None) -> int | None:
    """Return the size of a new upload; None if the client will send it later. Raises Refused."""
    length = number("Upload-Length", upload_length)
    if upload_defer_length is None and length is None:
        raise _invalid("expected either Upload-Length or Upload-Defer-Length: 1")
    if upload_defer_length is not None and (upload_defer_length != "1" or length is not None):
        raise _invalid("Upload-Defer-Length must be 1, and without Upload-Length")
    return length


@dataclass(frozen=True, slots=True)
class Metadata:
    """Upload-Metadata: the header as it was sent, and its values by key."""

    sent: str = ""
    values: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, header: str | None) -> Self:
        """Parse `key base64, key base64`: keys are ASCII and unique, a value may be missing. Raises Refused."""
        sent = (header or "").strip()
        if len(sent) > MAX_METADATA:
            raise _invalid(f"Upload-Metadata has {len(sent)} characters; the limit is {MAX_METADATA}")
        values: dict[str, str] = {}
        for pair in sent.split(",") if sent else []:
            key, _, value = pair.strip().partition(" ")
            if not _KEY.fullmatch(key) or key in values:
                raise _invalid(f"Upload-Metadata: expected unique keys of ASCII characters, not {key[:40]!r}")
            try:
                values[key] = base64.b64decode(value.strip(), validate=True).decode(errors="replace")
            except ValueError as error:  # binascii.Error, or another one if it is not ASCII
                raise _invalid(f"Upload-Metadata: the value of {key[:40]!r} is not valid base64") from error
        return cls(sent, values)

    @property
    def filename(self) -> str:
        """The name of the file, under the key `filename` or `name`."""
        return self.values.get("filename") or self.values.get("name") or ""

    @property
    def type(self) -> str | None:
        """The requested type of media. Uppy sends the file's MIME type here; it is ignored, as the bytes show it."""
        value = self.values.get("type")
        return value if value and "/" not in value else None


class Hash(Protocol):
    """A checksum that is computed piece by piece."""

    def update(self, data: bytes, /) -> None:
        """Add `data`."""

    def digest(self) -> bytes:
        """Return the checksum of all bytes so far."""


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4)


class Checksum:
    """Compares the bytes of a request with its Upload-Checksum, `algorithm base64`."""

    def __init__(self, header: str) -> None:
        """Raises Refused for an algorithm that is not one of CHECKSUMS, and for a value that is not base64."""
        algorithm, _, value = header.strip().partition(" ")
        if algorithm not in CHECKSUMS:
            raise _invalid(f"Upload-Checksum: expected one of {', '.join(CHECKSUMS)}, not {algorithm[:40]!r}")
        try:
            self._wanted = base64.b64decode(value.strip(), validate=True)
        except ValueError as error:  # binascii.Error, or another one if it is not ASCII
            raise _invalid("Upload-Checksum: the checksum is not valid base64") from error
        self._hash: Hash = _Crc32() if algorithm == "crc32" else hashlib.new(algorithm, usedforsecurity=False)

    def update(self, data: bytes) -> None:
        """Add the next bytes of the request."""
        self._hash.update(data)

    def verify(self) -> None:
        """Raise Refused if the checksum of all bytes differs."""
        if not hmac.compare_digest(self._hash.digest(), self._wanted):
            raise Refused("checksum_mismatch", "the bytes that came do not have this Upload-Checksum; send them again")


@dataclass(frozen=True, slots=True)
class Concat:
    """Upload-Concat: the upload is a part, or it joins the parts with these ids."""

    sent: str
    parts: tuple[str, ...] | None

    @classmethod
    def parse(cls, header: str | None, prefix: str) -> Self | None:
        """Parse `partial` or `final;URL URL`. The path of each URL must be `prefix` and an id. Raises Refused."""
        if header is None:
            return None
        if header == "partial":
            return cls(header, None)
        kind, _, urls = header.partition(";")
        found = urls.split()
        if kind != "final" or not found:
            raise _invalid("Upload-Concat must be partial, or final; and the URLs of partial uploads")
        if len(found) > MAX_PARTS or len(header) > MAX_METADATA * 4:
            raise _invalid(f"Upload-Concat names {len(found)} uploads; the limit is {MAX_PARTS}")
        return cls(header, tuple(_id(url, prefix) for url in found))


def _id(url: str, prefix: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    before, _, last = path.rstrip("/").rpartition("/")
    if f"{before}/".endswith(prefix) and _ID.fullmatch(last):
        return last
    raise _invalid(f"Upload-Concat: expected the URL of a partial upload of this server, not {url[:100]!r}")


def _invalid(message: str, **details: Any) -> Refused:
    return Refused("invalid_header", message, **details)
