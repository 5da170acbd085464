"""Makes parts of multipart uploads from parked chunks: while more chunks arrive, and at the end."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial

from botocore.exceptions import ClientError

from storage_backends.base import NotFound
from storage_backends.parallel import Parallel
from storage_backends.s3.bucket import Bucket, Part
from storage_backends.s3.errors import code_of
from storage_backends.s3.state import Upload

AT_ONCE = 4
"""Parts that a process joins in parallel with requests. Each is in memory as a whole, usually 5 MiB."""

FEW = 8
"""A part of at most this many chunks is made before the answer: they are read in one round."""

REMEMBERED = 1000
"""The most started parts that a process remembers. It asks the server about others."""


class Parts:
    """Makes the parts of uploads in `bucket`.

    A part of many chunks is made in parallel with the requests of later chunks. Until it is made, the state says
    `making`, so that other processes leave it alone. The process that makes it adds it to the state with a later chunk.
    If no later chunk reaches this process before the next part is due, or before the end, any process asks the server
    whether the part exists, and makes it if not: the process that began it may have died.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._threads = Parallel(AT_ONCE, "s3-parts")
        self._begun: OrderedDict[tuple[str, str, int, int], Future[Part]] = OrderedDict()
        self._lock = threading.Lock()

    def go_on(self, upload: Upload) -> Upload:
        """Return the upload with the parts made so far; begin the next part if there are enough bytes."""
        while bounds := upload.next_part(last=False):
            if not upload.upload_id:
                upload_id = self._bucket.create_multipart(upload.key, upload.content_type, upload.disposition)
                upload = replace(upload, upload_id=upload_id)
            if len(upload.slices(*bounds)) <= FEW:
                self._bucket.make_part(upload, *bounds)
            elif not self._is_made(upload, bounds):
                return replace(upload, making=True)
            upload = upload.with_part(bounds[1])
        return upload

    def _is_made(self, upload: Upload, bounds: tuple[int, int]) -> bool:
        """Begin the next part; return whether it is made. Wait for it if the state cannot have more chunks."""
        job = self._job(upload, bounds)
        if job is None and upload.making:
            if not upload.is_full:
                return False
            if _found(self._bucket.parts(upload), upload):
                return True
        if job is None:
            job = self._begin(upload, bounds)
        elif _has_failed(job):  # a part that failed after an answer is made again before the next answer
            self._begin(upload, bounds).result()
            return True
        if not job.done() and not upload.is_full:
            return False
        job.result()
        return True

    def publish(self, upload: Upload) -> None:
        """Make the missing parts, and publish all. Raises NotFound, without changes, if some are lost."""
        ready, size, jobs, elsewhere = upload.parts, upload.size, [], None
        listing = self._bucket.parallel.begin(partial(self._bucket.parts, upload))
        while bounds := upload.next_part(last=True):
            job = self._job(upload, bounds)
            if job is None and upload.making:
                elsewhere = upload, bounds
            else:
                jobs.append(self._begin(upload, bounds) if job is None or _has_failed(job) else job)
            upload = upload.with_part(bounds[1])
        made = [job.result() for job in jobs]
        if elsewhere is not None:
            made.insert(0, self._from_elsewhere(*elsewhere, listing.result()))
        parts = [part for part in listing.result() if part.number <= ready] + made
        _check(upload, parts, size)
        try:
            self._bucket.complete_multipart(upload, parts)
        except ClientError as error:
            if code_of(error) != "InvalidPart":
                raise
            # another process has made the same part from the same bytes, with another ETag
            parts = self._bucket.parts(upload)
            _check(upload, parts, size)
            self._bucket.complete_multipart(upload, parts)

    def _from_elsewhere(self, upload: Upload, bounds: tuple[int, int], listed: list[Part]) -> Part:
        """Return the next part, which another process has begun; make it if it does not exist yet."""
        found = _found(listed, upload) or _found(self._bucket.parts(upload), upload)
        return found or self._begin(upload, bounds).result()

    def leave(self, key: str) -> None:
        """Wait until no part of `key` is being made."""
        with self._lock:
            jobs = [job for (owner, *_), job in self._begun.items() if owner == key]
        wait(jobs)

    def _job(self, upload: Upload, bounds: tuple[int, int]) -> Future[Part] | None:
        with self._lock:
            return self._begun.get(_name(upload, bounds))

    def _begin(self, upload: Upload, bounds: tuple[int, int]) -> Future[Part]:
        job = self._threads.begin(partial(self._bucket.make_part, upload, *bounds))
        with self._lock:
            self._begun[_name(upload, bounds)] = job
            while len(self._begun) > REMEMBERED:
                self._begun.popitem(last=False)
        return job


def _name(upload: Upload, bounds: tuple[int, int]) -> tuple[str, str, int, int]:
    """Return a name for the next part of an upload, which identifies its bytes."""
    return upload.key, upload.upload_id, *bounds


def _found(parts: list[Part], upload: Upload) -> Part | None:
    """Return the next part of an upload, if the server has all of it."""
    wanted = upload.parts + 1, upload.part_size
    return next((part for part in parts if (part.number, part.size) == wanted), None)


def _check(upload: Upload, parts: list[Part], size: int) -> None:
    """Raise NotFound unless these are the parts of an upload of `size` bytes."""
    sizes = [upload.part_size] * (upload.parts - 1) + [size - (upload.parts - 1) * upload.part_size]
    if [part[:2] for part in parts] != list(enumerate(sizes, 1)):
        raise NotFound(
            f"the parts of {upload.key} are not what was uploaded: expected {len(sizes)} "
            f"of {size} bytes, found {len(parts)} of {sum(part.size for part in parts)}"
        )


def _has_failed(job: Future[Part]) -> bool:
    return job.done() and job.exception() is not None
