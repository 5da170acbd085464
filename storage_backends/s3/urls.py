"""The URLs from which clients load objects: at a CDN, or presigned and for a while the same for everyone.

Browsers and caches treat each presigned URL as a different address. So it is signed with the start time of a window,
which is the same on all hosts: within a window everyone gets the same URL.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.auth import AUTH_TYPE_MAPS, S3SigV4QueryAuth

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

URL_EXPIRES = 3600
"""Seconds that a presigned URL is valid, by default."""

WINDOWS = 3
"""Windows in the lifetime of a URL. When it is sent, at least two thirds of its lifetime are left."""


class Links:
    """Makes URLs of the objects in `bucket`.

    `base_url` is that of a CDN or a public bucket that serves them; without one, `client` presigns URLs that are valid
    for `expires` seconds from the start of their window.
    """

    def __init__(self, client: S3Client, bucket: str, base_url: str, expires: int) -> None:
        self._client = client
        self._bucket = bucket
        self._base_url = base_url.rstrip("/")
        self._expires = expires
        self._signer = _signer(max(1, expires // WINDOWS))
        if not self._base_url:
            choose: Any = self._choose  # botocore uses its result, although the types do not say so
            client.meta.events.register("choose-signer.s3.GetObject", choose)

    def _choose(self, signature_version: Any, **_: object) -> str | None:
        """Use scapi's signer for presigned URLs, not for requests."""
        return self._signer if str(signature_version).endswith("-query") else None

    def to(self, name: str, content_type: str, disposition: str) -> str:
        """Return a URL of the object with that full name; the answer of a presigned URL has these headers."""
        if self._base_url:
            return f"{self._base_url}/{name}"
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": name,
                "ResponseContentType": content_type,
                "ResponseContentDisposition": disposition,
            },
            ExpiresIn=self._expires,
        )


def _signer(window: int) -> str:
    """Return the name of a botocore signature version that signs with the start time of a window (seconds)."""

    class WindowedAuth(S3SigV4QueryAuth):
        def _modify_request_before_signing(self, request: Any) -> None:
            now = int(time.time())
            begun = datetime.fromtimestamp(now - now % window, UTC)
            request.context["timestamp"] = begun.strftime("%Y%m%dT%H%M%SZ")
            super()._modify_request_before_signing(request)  # type: ignore[misc]  # not in the types

    name = f"scapi-{window}-query"
    AUTH_TYPE_MAPS[name] = WindowedAuth
    return name
