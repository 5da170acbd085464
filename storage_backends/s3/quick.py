"""PUT and GET of a whole object, signed by botocore but sent without its request handling.

That handling takes two thirds of the processor time of a small object. Errors are not handled here: the caller then
sends an ordinary request, which has retries, redirects to the right region and error handling. So there is only one way
in which a request can fail.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from storage_backends.base import MiB
from storage_backends.s3.client import CONNECTIONS, content_md5

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_s3 import S3Client

SMALL = 8 * MiB
"""The most bytes of an object that is read into memory as a whole."""

HEADERS = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentType": "Content-Type",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "StorageClass": "x-amz-storage-class",
}
"""The used parameters of PutObject and their HTTP headers (S3 API reference, PutObject)."""


TIMEOUT = 3
"""Seconds to wait for a connection and for each byte of an answer. An ordinary request waits longer."""


class Quick:
    """Quick requests to the objects of `bucket`, with the credentials of `session` and the settings of `client`."""

    def __init__(self, session: Session, client: S3Client, bucket: str) -> None:
        self._session = session
        self._client = client
        self._bucket = bucket
        self._config = client.meta.config

    @cached_property
    def _url(self) -> str:
        """The prefix of the URLs of all objects."""
        example = self._client.generate_presigned_url("get_object", Params={"Bucket": self._bucket, "Key": "x"})
        return example.partition("?")[0].removesuffix("x")

    @cached_property
    def _http(self) -> URLLib3Session:
        return URLLib3Session(
            verify=self._session._session.get_config_variable("ca_bundle") or True,
            proxies=get_environ_proxies(self._url),
            timeout=TIMEOUT,
            max_pool_connections=CONNECTIONS,
            # otherwise the body waits 40 milliseconds for the acknowledgement of the headers
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # type: ignore[list-item]  # the stubs are wrong
        )

    def put(self, name: str, data: bytes, how: Mapping[str, str]) -> bool:
        """Store `data` under the full name; return False if that failed."""
        headers = {HEADERS[parameter]: value for parameter, value in how.items()}
        headers["Content-MD5"] = content_md5(data)
        return self._sent("PUT", name, headers, data) is not None

    def get(self, name: str) -> bytes | None:
        """Return the object with that full name; None if that failed."""
        return self._sent("GET", name, {}, b"")

    def _sent(self, method: str, name: str, headers: dict[str, str], data: bytes) -> bytes | None:
        credentials = self._session.get_credentials()
        if credentials is None:
            return None
        request = AWSRequest(method, self._url + name, headers, data or None)
        request.context["client_config"] = self._config
        try:
            S3SigV4Auth(credentials.get_frozen_credentials(), "s3", self._client.meta.region_name).add_auth(request)
            answer = self._http.send(request.prepare())
        except BotoCoreError:
            return None
        content: bytes = answer.content
        is_whole = len(content) == int(answer.headers.get("Content-Length", -1))
        return content if answer.status_code == 200 and is_whole else None
