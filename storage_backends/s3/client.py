"""Uses boto3: makes a client from settings, and reads the body of a GET as a stream."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from storage_backends.base import MiB, Misconfigured, StorageError

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

CONNECT_TIMEOUT = 3
"""Seconds to wait for a connection; endpoints are near."""

READ_TIMEOUT = 10
"""Seconds without a byte of an answer. S3 answers in much less than one, also when it completes a large upload."""

ATTEMPTS = 3
"""The total attempts of a request by botocore. A failing request takes at most ATTEMPTS * READ_TIMEOUT seconds."""

CONNECTIONS = 32
"""Connections that a process keeps."""

READ_SIZE = 1 * MiB
"""Bytes read from a stream at a time."""

USER_AGENT = "scapi"
"""Building botocore's own User-Agent takes a sixth of a request's processor time."""

ADDRESSING_STYLES = ("auto", "path", "virtual")
CHECKSUMS = ("when_supported", "when_required")


def one_of(settings: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return a setting with a few allowed values; the first is the default. Raises Misconfigured."""
    value = str(settings.get(name) or allowed[0])
    if value not in allowed:
        raise Misconfigured(f"{name} is {value!r}; expected one of: {', '.join(filter(None, allowed))}")
    return value


def make_session() -> Session:
    """Return the session with the credentials and the other values of boto3's own chain."""
    return boto3.session.Session()


def make_client(
    settings: Mapping[str, Any], session: Session, endpoint_setting: str = "SCAPI_S3_ENDPOINT_URL"
) -> S3Client:
    """Return a client for the endpoint and region of the settings; credentials are those of `session`.

    `endpoint_setting` names the setting that holds the endpoint. Raises Misconfigured. Makes no request.
    """
    checksums: Any = one_of(settings, "SCAPI_S3_CHECKSUMS", CHECKSUMS)
    style: Any = one_of(settings, "SCAPI_S3_ADDRESSING_STYLE", ADDRESSING_STYLES)
    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        user_agent=USER_AGENT,
        s3={"addressing_style": style},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
    )
    endpoint = settings.get(endpoint_setting) or None
    region = settings.get("SCAPI_S3_REGION") or None
    try:
        client = session.client("s3", endpoint_url=endpoint, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise Misconfigured(f"{endpoint_setting} {endpoint!r}, SCAPI_S3_REGION {region!r}: {error}") from error
    # S3 itself accepts the CRC32 that botocore sends with this request; other servers require Content-MD5.
    client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)
    return client


def _add_md5(params: dict[str, Any], **_: object) -> None:
    params["headers"]["Content-MD5"] = content_md5(params["body"])


def content_md5(data: bytes | bytearray) -> str:
    """Return the value of the header Content-MD5, which every real server checks."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Return the next `size` bytes of `stream`; raise StorageError if there are fewer."""
    data = io.BytesIO()
    while (left := size - data.tell()) and (block := stream.read(min(left, READ_SIZE))):
        data.write(block)
    if left:
        raise StorageError(f"a chunk of {size} bytes brought {data.tell()}")
    return data.getvalue()


class ObjectStream(io.RawIOBase):
    """The body of a GET."""

    def __init__(self, body: StreamingBody) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._body.read()

    def close(self) -> None:
        self._body.close()
        super().close()
