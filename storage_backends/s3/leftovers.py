"""Leftovers of unfinished uploads in a bucket: parked chunks and multipart uploads."""

from collections.abc import Iterator
from datetime import datetime

from storage_backends.base import Leftover
from storage_backends.s3.bucket import Bucket
from storage_backends.s3.state import Parked

_PARKED, _MULTIPART = "parked", "multipart"  # the prefixes of a Leftover's name


def found(bucket: Bucket, older_than: datetime) -> Iterator[Leftover]:
    """See `StorageBackend.unfinished`. The time of a parked object is scapi's, that of a multipart upload the server's.

    The server's time can be wrong (moto's is always in 2010), so it must not decide alone.
    """
    for key, parked in bucket.all_parked():
        if parked.written < older_than:
            yield Leftover(key, f"{_PARKED}/{parked.name}", parked.size, parked.written)
    for key, upload_id, initiated in bucket.multiparts():
        if initiated < older_than:
            yield Leftover(key, f"{_MULTIPART}/{upload_id}", 0, initiated)


def discard(bucket: Bucket, leftover: Leftover) -> None:
    """See `StorageBackend.discard`."""
    kind, _, name = leftover.name.partition("/")
    if kind == _MULTIPART:
        bucket.abort_multipart(leftover.key, name)
    else:
        bucket.remove_parked(leftover.key, [Parked(name)])
