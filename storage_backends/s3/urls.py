"""The URLs from which clients load objects: at a CDN, or presigned and the same for everyone for a while.

A presigned URL is an address of its own to browsers and caches. So it is signed as of the beginning of a window, which
all hosts see alike: within it everyone gets the same one.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.auth import AUTH_TYPE_MAPS, S3SigV4QueryAuth

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

URL_EXPIRES = 3600
"""Seconds that a presigned URL is good for, unless the settings say otherwise."""

WINDOWS = 3
"""Windows in the life of a URL. When it is given out, two thirds of its life are left at least."""


class Links:
    """Makes URLs of the objects in `bucket`.

    `base_url` is that of a CDN or a public bucket that serves them; without one, `client` presigns URLs that are good
    for `expires` seconds from the beginning of their window on.
    """

    def __init__(self, client: S3Client, bucket: str, base_url: str, expires: int) -> None:
        self._client = client
        self._bucket = bucket
        self._base_url = base_url.rstrip("/")
        self._expires = expires
        self._signer = _signer(max(1, expires // WINDOWS))
        if not self._base_url:
            choose: Any = self._choose  # its answer counts, whatever the types say
            client.meta.events.register("choose-signer.s3.GetObject", choose)

    def _choose(self, signature_version: Any, **_: object) -> str | None:
        """Take our signer for presigned URLs; requests keep theirs."""
        return self._signer if str(signature_version).endswith("-query") else None

    def to(self, name: str, content_type: str, disposition: str) -> str:
        """Return a URL of the object of that full name; a presigned one answers with these headers."""
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
    """Return the name of a signature version of botocore's that signs as of the beginning of a window (seconds)."""

    class WindowedAuth(S3SigV4QueryAuth):
        def _modify_request_before_signing(self, request: Any) -> None:
            now = int(time.time())
            begun = datetime.fromtimestamp(now - now % window, UTC)
            request.context["timestamp"] = begun.strftime("%Y%m%dT%H%M%SZ")
            super()._modify_request_before_signing(request)  # type: ignore[misc]  # not in the types

    name = f"scapi-{window}-query"
    AUTH_TYPE_MAPS[name] = WindowedAuth
    return name
