"""S3Backend: files in a bucket of Amazon S3 or of any compatible server.

Objects
    <prefix><key>                                                   published
    <prefix>.parked/<key>/<unix time>-<offset>-<size>-<random>      one chunk of an unfinished upload

Every chunk is first parked, as an object with a unique name. It becomes official when the caller stores the state that
names it. Parts of the multipart upload are made only from official bytes: by a copy inside the server if a chunk is as
large as a part, otherwise by joining parked objects, in parallel with the next chunks if there are many
(`storage_backends.s3.parts`). So every writer uploads the same part, and the loser of a race can change nothing. An
upload smaller than a part never becomes a multipart upload.

Consistency: reads and listings must show earlier writes, as in S3 (since December 2020) and in all tested servers. Only
clocks of app hosts are used in names; a skew of minutes does no harm.

Permissions: on the objects s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload and
s3:ListMultipartUploadParts; on the bucket s3:ListBucket and s3:ListBucketMultipartUploads; with a KMS key also
kms:GenerateDataKey and kms:Decrypt. The objects stay private: URLs are presigned. Nothing else may use the bucket, or
the prefix in it: the sweeper treats every multipart upload under it as scapi's.

Lifecycle rules, as a second safeguard beside the sweeper: AbortIncompleteMultipartUpload after 7 days on `<prefix>`,
Expiration after 7 days on `<prefix>.parked/`. With versioning also NoncurrentVersionExpiration after a day on
`<prefix>`.

Cost of an upload in chunks of a part's size (5 MiB) or more: per chunk a PUT, an UploadPartCopy and a DeleteObject; the
bytes are sent once. In smaller chunks: per chunk a PUT and a GET, per part an UploadPart and a DeleteObjects; the bytes
are sent twice and read once. At the end ListParts, CompleteMultipartUpload and a listing, for any size.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from botocore.exceptions import ClientError

from storage_backends.base import (
    Diagnosis,
    Leftover,
    Misconfigured,
    NotFound,
    Published,
    State,
    StorageBackend,
    StorageError,
)
from storage_backends.s3 import client, diagnosis, errors, leftovers
from storage_backends.s3.bucket import Bucket
from storage_backends.s3.parts import Parts
from storage_backends.s3.quick import SMALL, Quick
from storage_backends.s3.state import MAX_PARTS, MIN_PART_SIZE, Parked, Upload, part_size_for
from storage_backends.s3.trial import check
from storage_backends.s3.urls import URL_EXPIRES, Links

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ENCRYPTIONS = ("", "AES256", "aws:kms")

log = logging.getLogger(__name__)


class S3Backend(StorageBackend):
    """Objects in `bucket` whose names begin with `prefix`, through a ready client.

    `largest_object` (bytes) sets the size of parts. `url_expires` is in seconds. `base_url` is that of a CDN or public
    bucket which serves the objects at `<base_url>/<prefix><key>`. `url_client` makes presigned URLs if clients reach
    the server under another address than scapi. The storage class and Cache-Control are those of published objects.
    `quick` sends some requests faster.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        *,
        prefix: str = "",
        largest_object: int = MIN_PART_SIZE * MAX_PARTS,
        server_side_encryption: str = "",
        kms_key_id: str = "",
        storage_class: str = "",
        cache_control: str = "",
        url_expires: int = URL_EXPIRES,
        base_url: str = "",
        url_client: S3Client | None = None,
        quick: Quick | None = None,
    ) -> None:
        publishing = {"StorageClass": storage_class, "CacheControl": cache_control}
        encryption = {"ServerSideEncryption": server_side_encryption, "SSEKMSKeyId": kms_key_id}
        self._bucket = Bucket(
            client,
            bucket,
            prefix,
            {name: value for name, value in encryption.items() if value},
            {name: value for name, value in publishing.items() if value},
            quick,
        )
        self._parts = Parts(self._bucket)
        self._largest_object = largest_object
        self._links = Links(url_client or client, bucket, base_url, url_expires)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        bucket, prefix = settings.get("SCAPI_S3_BUCKET"), settings.get("SCAPI_S3_PREFIX") or ""
        if not bucket:
            raise Misconfigured("SCAPI_S3_BUCKET is not set: storage in S3 needs the name of a bucket")
        if prefix.startswith("/") or "//" in prefix:
            raise Misconfigured(f"SCAPI_S3_PREFIX is {prefix!r}; expected no slash at its start and no two in a row")
        public = "SCAPI_S3_PUBLIC_ENDPOINT_URL"
        limits = (settings.get(f"SCAPI_MAX_{kind}_BYTES") or 0 for kind in ("IMAGE", "DOCUMENT"))
        session = client.make_session()
        made = client.make_client(settings, session)
        return cls(
            made,
            bucket,
            prefix=prefix,
            largest_object=max(limits),
            server_side_encryption=client.one_of(settings, "SCAPI_S3_SERVER_SIDE_ENCRYPTION", ENCRYPTIONS),
            kms_key_id=settings.get("SCAPI_S3_KMS_KEY_ID") or "",
            storage_class=settings.get("SCAPI_S3_STORAGE_CLASS") or "",
            cache_control=settings.get("SCAPI_CACHE_CONTROL") or "",
            url_expires=int(settings.get("SCAPI_S3_URL_EXPIRES") or URL_EXPIRES),
            base_url=settings.get("SCAPI_MEDIA_BASE_URL") or "",
            url_client=client.make_client(settings, session, public) if settings.get(public) else None,
            quick=Quick(session, made, bucket),
        )

    def translate(self, error: Exception) -> StorageError | None:
        kind = errors.kind_of(error)
        return None if kind is None else kind(str(error))

    def check(self) -> None:
        """Try all operations that uploads need. Raises Misconfigured or Unavailable, with advice for the operator."""
        check(self._bucket)

    def diagnose(self) -> Iterator[Diagnosis]:
        return diagnosis.diagnose(self._bucket.client, self._bucket.name, self._bucket.prefix)

    def probe(self) -> None:
        self._bucket.look()

    def start(self, key: str, content_type: str) -> State:
        return Upload(key, content_type).dump()

    def block(self, state: State) -> int:
        """Return the bytes up to the end of a part: a chunk that ends there becomes a part by a copy in the server."""
        upload = Upload.load(state)
        part_size = upload.part_size or part_size_for(0, self._largest_object)
        return part_size - upload.size % part_size

    def typed(self, state: State, content_type: str) -> State:
        return replace(Upload.load(state), content_type=content_type).dump()

    def named(self, state: State, disposition: str) -> State:
        return replace(Upload.load(state), disposition=disposition).dump()

    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        upload = Upload.load(state)
        part_size = upload.part_size or part_size_for(size, self._largest_object)
        chunk, parked = client.read_exactly(stream, size), Parked.new(offset, size)
        park = partial(self._bucket.park, upload.key, parked, chunk)
        # Only states before this official one needed the trash; it can be removed now.
        remove = partial(self._bucket.remove_parked, upload.key, upload.trash)
        has_trash, upload = bool(upload.trash), replace(upload, part_size=part_size, trash=())
        merges = bool(upload.mergeable(size))
        if not (has_trash or merges or upload.next_part(last=False)):
            park()
            return upload.with_parked(parked).dump()
        try:
            with self._bucket.parallel.during(*[remove] * has_trash, *[park] * (not merges)):
                upload = self._parts.go_on(upload)
        except ClientError as error:
            self._raise_if_gone(upload, error)
            raise
        return (self._park(upload, offset, chunk) if merges else upload.with_parked(parked)).dump()

    def _park(self, upload: Upload, offset: int, chunk: bytes) -> Upload:
        """Park `chunk`, which starts at `offset`, at the end of the upload; return the changed upload."""
        start = offset
        if merged := upload.mergeable(len(chunk)):
            start = merged[0].start
            chunk = bytes(self._bucket.join(upload.key, upload.slices(start, offset)) + chunk)
        parked = Parked.new(start, len(chunk))
        self._bucket.park(upload.key, parked, chunk)
        return upload.with_parked(parked)

    def verify(self, state: State) -> None:
        upload = Upload.load(state)
        try:
            # there may be more of both, from a write that did not become official
            parts = self._bucket.parts(upload)[: upload.parts] if upload.upload_id else []
        except ClientError as error:
            if self._is_published(upload):
                return
            self._raise_if_gone(upload, error)
            raise
        made = [(number, upload.part_size) for number in range(1, upload.parts + 1)]
        is_there = [part[:2] for part in parts] == made and set(upload.parked) <= set(self._bucket.parked(upload.key))
        if not is_there and not self._is_published(upload):
            raise NotFound(f"bytes of the upload to {upload.key} are missing")

    def finish(self, state: State) -> None:
        self.publish(state)
        self.tidy(state)

    def publish(self, state: State) -> None:
        upload = Upload.load(state)
        try:
            if upload.upload_id:
                self._parts.publish(upload)
            else:
                self._bucket.publish_parked(upload)
        except (ClientError, NotFound) as error:
            if not self._is_published(upload):
                self._raise_if_gone(upload, error)
                raise

    def tidy(self, state: State) -> None:
        upload = Upload.load(state)
        try:
            self._bucket.remove_parked(upload.key, self._bucket.parked(upload.key))
        except (StorageError, *errors.ERRORS) as error:  # the object is published; the sweeper removes the rest
            log.warning("finished %s, but its parked chunks could not be removed: %s", upload.key, error)

    def _is_published(self, upload: Upload) -> bool:
        """Return whether an earlier or a racing `finish` has published it: S3 has no single error for that."""
        try:
            return self._bucket.size(upload.key) == upload.size
        except ClientError:  # missing or unknown: the first error says more
            return False

    def _raise_if_gone(self, upload: Upload, error: Exception) -> None:
        """Raise NoSuchUpload if a server's 500 means that the multipart upload no longer exists."""
        if upload.upload_id and isinstance(error, ClientError) and errors.status_of(error) >= 500:
            self._bucket.parts(upload)

    def abort(self, state: State) -> None:
        upload = Upload.load(state)
        self._parts.leave(upload.key)
        ids = {upload_id for _, upload_id, _ in self._bucket.multiparts(upload.key)}
        for upload_id in ids | ({upload.upload_id} - {""}):
            self._bucket.abort_multipart(upload.key, upload_id)
        self._bucket.remove_parked(upload.key, self._bucket.parked(upload.key))

    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        self._bucket.put(key, stream.read(), content_type)

    def save_named(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> None:
        data = stream.read()
        if not self._bucket.put_quickly(key, data, content_type, disposition):
            self._bucket.put(key, data, content_type, disposition)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        name = self._bucket.prefix + key
        if length == 0:  # HTTP has no empty ranges
            self.size(key)
            return io.BytesIO()
        end = "" if length is None else start + length - 1
        try:
            body = self._bucket.get(name, f"bytes={start}-{end}" if start or length else "")
        except ClientError as error:
            if errors.kind_of(error) is errors.OutOfRange:
                return io.BytesIO()
            raise
        return io.BufferedReader(client.ObjectStream(body))

    def whole(self, key: str, size: int) -> BinaryIO:
        data = self._bucket.get_whole(key) if size <= SMALL else None
        return self.open(key) if data is None else io.BytesIO(data)

    def size(self, key: str) -> int:
        return self._bucket.size(key)

    def delete(self, key: str) -> None:
        self._bucket.delete(self._bucket.prefix + key)

    def published(self, after: str = "") -> Iterator[Published]:
        return self._bucket.published(after)

    def url(self, key: str, content_type: str, disposition: str) -> str:
        """Return a presigned URL, or that of a CDN, which answers with the stored headers of the object.

        Makes no request.
        """
        return self._links.to(self._bucket.prefix + key, content_type, disposition)

    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        return leftovers.found(self._bucket, older_than)

    def discard(self, leftover: Leftover) -> None:
        leftovers.discard(self._bucket, leftover)
