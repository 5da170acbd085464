"""The requests of S3Backend, one method each: parked objects, parts, published objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from storage_backends.base import NotFound, Published
from storage_backends.parallel import Parallel
from storage_backends.s3.client import content_md5
from storage_backends.s3.errors import NotSupported, kind_for, kind_of
from storage_backends.s3.quick import Quick
from storage_backends.s3.state import Parked, Slice, Upload

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

AT_ONCE = 16
"""Parallel requests of all uploads together: a part of chunks of 200 KiB takes 26 of them."""

DELETE_BATCH = 1000
"""Objects that one DeleteObjects may name (S3 API reference)."""


class Part(NamedTuple):
    """A part of a multipart upload: its number, its size in bytes, and its ETag."""

    number: int
    size: int
    etag: str


class Bucket:
    """A bucket, or the part of it whose names begin with `prefix`.

    `encryption` are parameters of every request that creates an object, `publishing` of those that publish one. Every
    method raises botocore's errors unchanged; `storage_backends.s3.errors` translates them. `parallel` makes single
    requests in parallel; none of them may wait for another.
    """

    def __init__(
        self,
        client: S3Client,
        name: str,
        prefix: str,
        encryption: dict[str, str],
        publishing: dict[str, str],
        quick: Quick | None = None,
    ) -> None:
        self.client = client
        self.name = name
        self.prefix = prefix
        self._encryption: Any = encryption
        self._publishing: Any = encryption | publishing
        self._quick = quick
        self.parallel = Parallel(AT_ONCE, "s3")
        self._deletes_batches = True  # until the server refuses it

    # Published objects ------------------------------------------------------------------------------------------

    def put(self, key: str, data: bytes | bytearray, content_type: str, disposition: str = "") -> None:
        """Publish `data` at `key`."""
        self._put(self.prefix + key, data, **self._headers(content_type, disposition))

    def put_quickly(self, key: str, data: bytes, content_type: str, disposition: str) -> bool:
        """Publish `data` at `key`; return False if `put` must do it."""
        how = self._headers(content_type, disposition)
        return self._quick is not None and self._quick.put(self.prefix + key, data, how)

    def _headers(self, content_type: str, disposition: str) -> Any:
        """Return the parameters of every request that publishes an object."""
        named = {"ContentDisposition": disposition} if disposition else {}
        return {"ContentType": content_type, **named, **self._publishing}

    def _put(self, name: str, data: bytes | bytearray, **how: Any) -> None:
        body: Any = data  # a bytearray works too, but the type stubs do not allow it
        self.client.put_object(Bucket=self.name, Key=name, Body=body, ContentMD5=content_md5(data), **how)

    def get(self, name: str, byte_range: str = "") -> StreamingBody:
        """Return the body of the object with that full name, or of its `byte_range` (in HTTP's format)."""
        ranged: Any = {"Range": byte_range} if byte_range else {}
        return self.client.get_object(Bucket=self.name, Key=name, **ranged)["Body"]

    def get_whole(self, key: str) -> bytes | None:
        """Return the object at `key`; None if `get` must do it."""
        return self._quick.get(self.prefix + key) if self._quick else None

    def size(self, key: str) -> int:
        """Return the size in bytes of the object at `key`."""
        return self.client.head_object(Bucket=self.name, Key=self.prefix + key)["ContentLength"]

    def delete(self, name: str) -> None:
        """Remove the object with that full name, if it exists."""
        self.client.delete_object(Bucket=self.name, Key=name)

    def published(self, after: str) -> Iterator[Published]:
        """Yield the published objects, from the first key after `after` on."""
        start: Any = {"StartAfter": self.prefix + after} if after else {}
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix, **start)
        for page in pages:
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self.prefix)
                if key > after and not key.startswith("."):  # no segment of a key starts with a dot
                    yield Published(key, found["Size"], found["LastModified"])

    def look(self) -> None:
        """Check that the bucket exists."""
        self.client.head_bucket(Bucket=self.name)

    # Parked objects ---------------------------------------------------------------------------------------------

    def _parked_name(self, key: str, parked: Parked) -> str:
        # No segment of a key starts with a dot, so this cannot be the name of a published object.
        return f"{self.prefix}.parked/{key}/{parked.name}"

    def park(self, key: str, parked: Parked, data: bytes | bytearray) -> None:
        """Store `data` as the parked object `parked` of the upload to `key`."""
        self._put(self._parked_name(key, parked), data, **self._encryption)

    def join(self, key: str, slices: list[Slice]) -> bytearray:
        """Return the bytes of `slices` of parked objects, read in parallel. Raises NotFound if one is missing."""
        joined = bytearray(sum(piece.size for piece in slices))
        room, calls = memoryview(joined), []
        for piece in slices:
            calls.append(partial(self._read, key, piece, room[: piece.size]))
            room = room[piece.size :]
        self.parallel.all(calls)
        return joined

    def _read(self, key: str, piece: Slice, into: memoryview) -> None:
        byte_range = "" if piece.whole else f"bytes={piece.first}-{piece.end - 1}"
        with closing(self.get(self._parked_name(key, piece.parked), byte_range)) as body:
            data = body.read()
        if len(data) != piece.size:
            raise NotFound(f"{piece.parked.name}, parked for {key}, has {len(data)} bytes of {piece.size}")
        into[:] = data

    def parked(self, key: str) -> list[Parked]:
        """Return the parked objects of `key`, official or not."""
        # Keys can be nested: objects parked for ab/cd/ef are below .parked/ab/cd/ too.
        return [parked for owner, parked in self.all_parked(f"{key}/") if owner == key]

    def all_parked(self, below: str = "") -> Iterator[tuple[str, Parked]]:
        """Yield the key and the parked object for all whose names begin with `<prefix>.parked/<below>`."""
        root = f"{self.prefix}.parked/"
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=root + below)
        for page in pages:
            for found in page.get("Contents", ()):
                key, _, name = found["Key"].removeprefix(root).rpartition("/")
                if parked := Parked.parse(name):
                    yield key, parked

    def remove_parked(self, key: str, parked: Iterable[Parked]) -> None:
        """Remove these parked objects of `key`, if they exist."""
        names = [self._parked_name(key, one) for one in parked]
        if len(names) == 1:
            self.delete(names[0])
            return
        for first in range(0, len(names), DELETE_BATCH):
            self._delete_all(names[first : first + DELETE_BATCH])

    def _delete_all(self, names: list[str]) -> None:
        if self._deletes_batches:
            try:
                self.delete_batch(names)
            except ClientError as error:
                if kind_of(error) is not NotSupported:
                    raise
                self._deletes_batches = False
            else:
                return
        for name in names:
            self.delete(name)

    def delete_batch(self, names: list[str]) -> None:
        """Remove the objects with these full names, if they exist, with one request."""
        answer = self.client.delete_objects(
            Bucket=self.name, Delete={"Objects": [{"Key": name} for name in names], "Quiet": True}
        )
        for error in answer.get("Errors", ()):
            kind = kind_for(error.get("Code", ""), 0)
            if kind is not NotFound:
                raise kind(f"{error.get('Key')} was not deleted: {error.get('Code')}: {error.get('Message')}")

    def publish_parked(self, upload: Upload) -> None:
        """Publish the parked objects of an upload as its object: one is copied in the server, several are joined."""
        if len(upload.parked) == 1:
            try:
                source = self._parked_name(upload.key, upload.parked[0])
                self.copy(source, upload.key, upload.content_type, upload.disposition)
            except ClientError as error:
                if kind_of(error) is not NotSupported:  # a server without copies: download and upload
                    raise
            else:
                return
        content = self.join(upload.key, upload.slices(0, upload.size))
        self.put(upload.key, content, upload.content_type, upload.disposition)

    def copy(self, source: str, key: str, content_type: str, disposition: str = "") -> None:
        """Publish the object with the full name `source` at `key`, by a copy inside the server."""
        self.client.copy_object(
            Bucket=self.name,
            Key=self.prefix + key,
            CopySource={"Bucket": self.name, "Key": source},
            MetadataDirective="REPLACE",
            **self._headers(content_type, disposition),
        )

    # Multipart uploads ------------------------------------------------------------------------------------------

    def create_multipart(self, key: str, content_type: str, disposition: str = "") -> str:
        """Begin a multipart upload to `key` and return its id."""
        return self.client.create_multipart_upload(
            Bucket=self.name, Key=self.prefix + key, **self._headers(content_type, disposition)
        )["UploadId"]

    def make_part(self, upload: Upload, start: int, end: int) -> Part:
        """Make the next part, with the upload's bytes from `start` up to `end`, from parked objects."""
        slices, number = upload.slices(start, end), upload.parts + 1
        if len(slices) == 1 and slices[0].whole:
            try:
                etag = self.copy_part(upload, number, self._parked_name(upload.key, slices[0].parked))
            except ClientError as error:
                if kind_of(error) is not NotSupported:  # a server without copies: download and upload
                    raise
            else:
                return Part(number, end - start, etag)
        return Part(number, end - start, self.upload_part(upload, number, self.join(upload.key, slices)))

    def copy_part(self, upload: Upload, number: int, source: str) -> str:
        """Make a part from the object with the full name `source`, by a copy inside the server; return its ETag."""
        copied = self.client.upload_part_copy(
            **self._part(upload, number), CopySource={"Bucket": self.name, "Key": source}
        )
        return copied["CopyPartResult"]["ETag"]

    def upload_part(self, upload: Upload, number: int, data: bytes | bytearray) -> str:
        """Make a part from `data`; return its ETag."""
        body: Any = data
        return self.client.upload_part(**self._part(upload, number), Body=body, ContentMD5=content_md5(data))["ETag"]

    def _part(self, upload: Upload, number: int) -> Any:
        name = self.prefix + upload.key
        return {"Bucket": self.name, "Key": name, "UploadId": upload.upload_id, "PartNumber": number}

    def parts(self, upload: Upload) -> list[Part]:
        """Return the parts of the multipart upload, in order. Raises NotFound."""
        pages = self.client.get_paginator("list_parts").paginate(
            Bucket=self.name, Key=self.prefix + upload.key, UploadId=upload.upload_id
        )
        found = {
            part["PartNumber"]: Part(part["PartNumber"], part["Size"], part["ETag"])
            for page in pages
            for part in page.get("Parts", ())
        }
        return [found[number] for number in sorted(found)]

    def complete_multipart(self, upload: Upload, parts: Iterable[Part]) -> None:
        """Publish the parts in order; they must be all parts of the upload."""
        named: list[CompletedPartTypeDef] = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        self.client.complete_multipart_upload(
            Bucket=self.name,
            Key=self.prefix + upload.key,
            UploadId=upload.upload_id,
            MultipartUpload={"Parts": named},
        )

    def multiparts(self, key: str = "") -> Iterator[tuple[str, str, datetime]]:
        """Yield key, id and time of the multipart uploads of `key`, or of all keys."""
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.name, Prefix=self.prefix + key)
        for page in pages:
            for found in page.get("Uploads", ()):
                owner = found["Key"].removeprefix(self.prefix)
                if owner == key or not key:
                    yield owner, found["UploadId"], found["Initiated"]

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Remove a multipart upload, if it exists."""
        try:
            self.client.abort_multipart_upload(Bucket=self.name, Key=self.prefix + key, UploadId=upload_id)
        except ClientError as error:
            if kind_of(error) is not NotFound:  # completed or aborted before
                raise
