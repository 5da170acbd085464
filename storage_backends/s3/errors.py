"""Translates botocore's errors: into scapi's errors, and at the start into messages for the operator."""

from __future__ import annotations

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

from storage_backends.base import Misconfigured, NoSpace, NotFound, StorageError, Unavailable

ERRORS = (ClientError, BotoCoreError)
"""All exceptions of botocore's requests."""


class NotSupported(StorageError):
    """The server does not know this operation."""


class OutOfRange(StorageError):
    """The object exists but has no byte in the requested range."""


_WRONG_KEYS = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
    *("ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure"),
}
_WRONG_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}

_BY_CODE: dict[str, type[StorageError]] = {
    "NoSuchKey": NotFound,
    "NoSuchUpload": NotFound,
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
    "BadDigest": Unavailable,  # the body was changed in transit
    # Problems that the operator repairs while uploads wait: the bucket, permissions, the clock, credentials.
    "NoSuchBucket": Unavailable,
    "AccessDenied": Unavailable,
    "RequestTimeTooSkewed": Unavailable,
    "RequestExpired": Unavailable,
    "400": Unavailable,  # of HEAD, which has no code: an expired token, or another region
    **dict.fromkeys(_WRONG_KEYS | _WRONG_REGION, Unavailable),
}
_BY_STATUS: dict[int, type[StorageError]] = {
    401: Unavailable,
    403: Unavailable,
    404: NotFound,
    405: NotSupported,
    416: OutOfRange,
    429: Unavailable,
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
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError)


def code_of(error: ClientError) -> str:
    """Return S3's code of an error. Answers to HEAD have no body; their code is the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of an error; 0 if it has none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def kind_for(code: str, status: int) -> type[StorageError]:
    """Return the error class for S3's code, or else for the HTTP status."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status) or (Unavailable if status >= 500 else StorageError)


def kind_of(error: Exception) -> type[StorageError] | None:
    """Return the error class for a botocore exception; None if it is not botocore's."""
    if isinstance(error, ClientError):
        return kind_for(code_of(error), status_of(error))
    if isinstance(error, (*_FOR_NOW, *_NO_CREDENTIALS)):
        return Unavailable
    return StorageError if isinstance(error, BotoCoreError) else None


def explain(error: ClientError | BotoCoreError, bucket: str, endpoint: str) -> StorageError:
    """Return the error with a message for the operator if the bucket cannot be used."""
    if isinstance(error, ClientError):
        return _explain_answer(error, bucket, endpoint)
    if isinstance(error, _NO_CREDENTIALS):
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
    if status in (401, 403):
        return Misconfigured(f"{where}these credentials have no permission for it ({error})")
    kind = kind_for(code, status)
    return kind(f"{where}{error}") if issubclass(kind, (Unavailable, NoSpace)) else Misconfigured(f"{where}{error}")
