"""Tries all operations that uploads need from an S3 server, once at the start."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

from botocore.exceptions import ClientError

from storage_backends.base import Misconfigured, NoSpace, NotFound, Unavailable
from storage_backends.s3.bucket import Bucket
from storage_backends.s3.errors import ERRORS, NotSupported, code_of, explain, kind_of, status_of
from storage_backends.s3.state import Parked, Upload

CONTENT = b"0123456789"
TYPE = "application/octet-stream"

log = logging.getLogger(__name__)


def check(bucket: Bucket) -> None:
    """Raise Misconfigured or Unavailable, with advice for the operator, if the bucket cannot be used for uploads."""
    endpoint = bucket.client.meta.endpoint_url
    try:
        missing = Trial(bucket).missing()
    except ERRORS as error:
        raise explain(error, bucket.name, endpoint) from error
    if missing:
        where = f"S3 at {endpoint}, bucket {bucket.name!r}"
        raise Misconfigured(f"{where}: uploads need operations that this server does not support: {'; '.join(missing)}")


class Trial:
    """Objects with unique names. If a trial dies, the sweeper removes its objects like parked ones."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._keys = [f".parked/check/{Parked.new(0, len(CONTENT)).name}" for _ in range(4)]
        self._uploads: list[Upload] = []

    def missing(self) -> list[str]:
        """Return the needed operations that the server lacks. Those with a slower replacement are only logged.

        Raises botocore's errors if the bucket cannot be used at all, or not with these credentials.
        """
        try:
            self._list()
            self._put()
            found = list(self._failures(NEEDED))
            slow = [] if found else list(self._failures(SLOWER_WITHOUT))
        finally:
            self._clear()
        if slow:
            log.warning("uploads are slower on this S3 server, because it does not support: %s", "; ".join(slow))
        return found

    def _failures(self, steps: dict[str, Callable[[Trial], bool]]) -> Iterator[str]:
        for what, step in steps.items():
            try:
                if not step(self):
                    yield f"{what} (unexpected answer)"
            except NotFound as error:
                yield f"{what} ({error})"
            except ClientError as error:
                if kind_of(error) is not NotSupported and (status_of(error) >= 500 or _is_for_the_operator(error)):
                    raise
                yield f"{what} ({error.operation_name}: {code_of(error)})"

    def _list(self) -> None:
        self._bucket.client.list_objects_v2(Bucket=self._bucket.name, Prefix=self._bucket.prefix, MaxKeys=1)

    def _put(self) -> None:
        self._bucket.put(self._keys[0], CONTENT, TYPE)

    def _read_range(self) -> bool:
        with closing(self._bucket.get(self._bucket.prefix + self._keys[0], "bytes=2-4")) as body:
            return body.read() == CONTENT[2:5]

    def _begin(self, key: str) -> Upload:
        upload_id = self._bucket.create_multipart(key, TYPE)
        self._uploads.append(Upload(key, TYPE, part_size=len(CONTENT), upload_id=upload_id, parts=1))
        return self._uploads[-1]

    def _multipart(self) -> bool:
        upload = self._begin(self._keys[1])
        self._bucket.upload_part(upload, 1, CONTENT)
        self._bucket.complete_multipart(upload, self._bucket.parts(upload))
        return self._bucket.size(upload.key) == len(CONTENT)

    def _list_multiparts(self) -> bool:
        upload = self._begin(self._keys[2])
        listed = [upload_id for _, upload_id, _ in self._bucket.multiparts(upload.key)]
        return listed == [upload.upload_id]

    def _abort(self) -> bool:
        upload = self._begin(self._keys[3])
        self._bucket.abort_multipart(upload.key, upload.upload_id)
        return True

    def _delete(self) -> bool:
        self._bucket.delete(self._bucket.prefix + self._keys[1])
        try:
            self._bucket.size(self._keys[1])
        except ClientError as error:
            return kind_of(error) is NotFound
        return False

    def _copy(self) -> bool:
        self._bucket.copy(self._bucket.prefix + self._keys[0], self._keys[3], TYPE)
        return self._bucket.size(self._keys[3]) == len(CONTENT)

    def _copy_part(self) -> bool:
        upload = self._begin(self._keys[2])
        self._bucket.copy_part(upload, 1, self._bucket.prefix + self._keys[0])
        return [part[:2] for part in self._bucket.parts(upload)] == [(1, len(CONTENT))]

    def _delete_batch(self) -> bool:
        self._bucket.delete_batch([self._bucket.prefix + key for key in (self._keys[0], self._keys[3])])
        return True

    def _clear(self) -> None:
        """Remove all objects, as far as possible; the sweeper removes the rest."""
        for upload in self._uploads:
            with suppress(*ERRORS):
                self._bucket.abort_multipart(upload.key, upload.upload_id)
        for key in self._keys:
            with suppress(*ERRORS):
                self._bucket.delete(self._bucket.prefix + key)


def _is_for_the_operator(error: ClientError) -> bool:
    """Return whether the operation is supported and the problem is another one: a permission, a quota."""
    return issubclass(kind_of(error) or NotFound, (Unavailable, NoSpace))


NEEDED: dict[str, Callable[[Trial], bool]] = {
    "ranges": Trial._read_range,
    "multipart uploads": Trial._multipart,
    "listing multipart uploads": Trial._list_multiparts,
    "aborting multipart uploads": Trial._abort,
    "deleting": Trial._delete,
}
"""Operations without which uploads are impossible."""

SLOWER_WITHOUT: dict[str, Callable[[Trial], bool]] = {
    "copies": Trial._copy,
    "copies into parts": Trial._copy_part,
    "deleting several objects at once": Trial._delete_batch,
}
"""Operations with a slower replacement."""
