"""The edge to boto3: a client made from settings, its errors turned into those of `storage_backends.base`."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from storage_backends.base import Misconfigured, NoSpace, NotFound, StorageError, Unavailable

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,  # noqa: A004  # botocore's own, not a subclass of Python's
        CredentialRetrievalError,
        FlexibleChecksumError,
        HTTPClientError,
        IncompleteReadError,
        NoCredentialsError,
        PartialCredentialsError,
        ResponseStreamingError,
    )
except ImportError as missing:
    raise ImportError("storage in S3 needs boto3: pip install 'scapi[s3]'") from missing

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

CONNECT_TIMEOUT = 3
"""Seconds to wait for a connection; endpoints are near."""

READ_TIMEOUT = 10
"""Seconds without a byte of an answer; S3 answers in well under one, completing a large upload included."""

ATTEMPTS = 3
"""Times that botocore tries a request in all. At worst a request that fails takes ATTEMPTS * READ_TIMEOUT seconds."""

CONNECTIONS = 32
"""Connections that a process keeps: no fewer than its threads."""

ADDRESSING_STYLES = ("auto", "path", "virtual")
CHECKSUMS = ("when_supported", "when_required")


class NotSupported(StorageError):
    """The server does not know this operation."""


class OutOfRange(StorageError):
    """The object is there and has no byte in the range asked for."""


_BY_CODE: dict[str, type[StorageError]] = {
    "NoSuchKey": NotFound,
    "NoSuchUpload": NotFound,
    "NoSuchBucket": Misconfigured,
    "InvalidRange": OutOfRange,
    "NotImplemented": NotSupported,
    "MethodNotAllowed": NotSupported,
    "QuotaExceeded": NoSpace,
    "InsufficientStorage": NoSpace,
    "EntityTooLarge": NoSpace,
    "XMinioStorageFull": NoSpace,
    "XMinioAdminBucketQuotaExceeded": NoSpace,
    "SlowDown": Unavailable,
    "Throttling": Unavailable,
    "RequestTimeout": Unavailable,  # S3 sends it with 400
    "RequestLimitExceeded": Unavailable,
    "OperationAborted": Unavailable,
    "BadDigest": Unavailable,  # the body was changed on its way
}
_BY_STATUS: dict[int, type[StorageError]] = {
    404: NotFound,
    429: Unavailable,
    416: OutOfRange,
    501: NotSupported,
    507: NoSpace,
}
_FOR_NOW = (
    HTTPClientError,
    ConnectionError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    IncompleteReadError,
    ResponseStreamingError,
)

ERRORS = (ClientError, BotoCoreError)
"""All that botocore raises of a request."""


def code_of(error: ClientError) -> str:
    """Return S3's code of an error; answers to HEAD have no body, theirs is the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of an error, 0 where the answer had none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def error_for(code: str, status: int) -> type[StorageError]:
    """Return which of our errors S3's code, or else the HTTP status, stands for."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status) or (Unavailable if status >= 500 else StorageError)


@contextmanager
def s3_errors() -> Iterator[None]:
    """Turn what botocore raises into the errors of `storage_backends.base`."""
    try:
        yield
    except ClientError as error:
        raise error_for(code_of(error), status_of(error))(str(error)) from error
    except _FOR_NOW as error:
        raise Unavailable(str(error)) from error
    except BotoCoreError as error:
        raise StorageError(str(error)) from error


def was_answered(error: StorageError) -> bool:
    """Tell whether the server was reached and said this itself."""
    return isinstance(error.__cause__, ClientError)


_WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
_WRONG_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}


def explain(error: ClientError | BotoCoreError, bucket: str, endpoint: str) -> StorageError:
    """Return what the operator should read when the bucket cannot be used."""
    if isinstance(error, ClientError):
        return _explain_answer(error, bucket, endpoint)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return Misconfigured(f"no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({error})")
    if isinstance(error, _FOR_NOW):
        return Unavailable(f"S3 at {endpoint} cannot be reached: {error}")
    return Misconfigured(f"S3 at {endpoint}, bucket {bucket!r}: {error}")


def _explain_answer(error: ClientError, bucket: str, endpoint: str) -> StorageError:
    code, status = code_of(error), status_of(error)
    where = f"S3 at {endpoint}, bucket {bucket!r}: "
    if code == "NoSuchBucket":
        return Misconfigured(f"{where}there is no such bucket ({error})")
    if code == "RequestTimeTooSkewed":
        return Misconfigured(f"{where}this machine's clock and the server's are too far apart ({error})")
    if code in _WRONG_KEYS:
        return Misconfigured(f"{where}the credentials are not accepted ({error})")
    if code in _WRONG_REGION:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        region = headers.get("x-amz-bucket-region", "another region")
        return Misconfigured(f"{where}it is in {region}, set SCAPI_S3_REGION ({error})")
    if status == 403:
        return Misconfigured(f"{where}these credentials have no permission for it ({error})")
    kind = error_for(code, status)
    return kind(f"{where}{error}") if issubclass(kind, (Unavailable, NoSpace)) else Misconfigured(f"{where}{error}")


def one_of(settings: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return a setting that has only a few values, the first being the default. Raises Misconfigured."""
    value = str(settings.get(name) or allowed[0])
    if value not in allowed:
        raise Misconfigured(f"{name} is {value!r}; expected one of: {', '.join(filter(None, allowed))}")
    return value


def make_client(settings: Mapping[str, Any], endpoint_setting: str = "SCAPI_S3_ENDPOINT_URL") -> S3Client:
    """Return a client for the endpoint and region of the settings; credentials come from boto3's own chain.

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
        s3={"addressing_style": style},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
    )
    endpoint = settings.get(endpoint_setting) or None
    region = settings.get("SCAPI_S3_REGION") or None
    try:
        client = boto3.session.Session().client("s3", endpoint_url=endpoint, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise Misconfigured(f"{endpoint_setting} {endpoint!r}, SCAPI_S3_REGION {region!r}: {error}") from error
    # S3 itself is content with the CRC32 that botocore sends with this one; others insist on Content-MD5.
    client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)
    return client


def _add_md5(params: dict[str, Any], **_: object) -> None:
    params["headers"]["Content-MD5"] = content_md5(params["body"])


def content_md5(data: bytes) -> str:
    """Return the value of the header Content-MD5, which every real server checks."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


class ObjectStream(io.RawIOBase):
    """The body of a GET, whose errors while it is read are ours too."""

    def __init__(self, body: StreamingBody) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with s3_errors():
            data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        with s3_errors():
            return self._body.read()

    def close(self) -> None:
        self._body.close()
        super().close()
