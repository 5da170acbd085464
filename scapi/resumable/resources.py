"""Upload resources: creating, extending, finishing and deleting them."""

import hashlib
import hmac
from collections.abc import Iterator
from functools import partial

from sqlalchemy import delete

from scapi.database import db, stream_keys
from scapi.media import completion
from scapi.media.models import Media
from scapi.refusals import Refused
from scapi.resumable.models import UploadResource
from scapi.storage import storage, using
from scapi.sweeping import Due, Task
from scapi.uploads import append, beginning, digests, ending, rows
from scapi.uploads.assembly import Progress
from scapi.uploads.digests import Check
from scapi.uploads.models import Status
from scapi.uploads.rules import Position, is_id, key_of
from scapi.uploads.sources import Source

READ_SIZE = 1024 * 1024
"""Bytes to read at a time, if the file must be read for a digest other than MD5."""


def create(user_id: int | None, filename: str, length: int | None, wanted: dict[str, bytes]) -> UploadResource:
    """Create an upload without bytes. `wanted` are digests of the whole file. Raises Refused and StorageError."""
    if length == 0:
        raise Refused("empty_chunk", "the upload is empty; a file with at least one byte was expected")
    progress = beginning.create(user_id, filename, length)
    resource = UploadResource(
        id=progress.upload_id,
        user_id=user_id,
        digests={name: digest.hex() for name, digest in wanted.items()} or None,
        expires_at=progress.expires_at,
    )
    db.session.add(resource)
    db.session.commit()
    return resource


def find(upload_id: str, user_id: int | None) -> UploadResource:
    """Return the resource if this user may use it. Otherwise raises Refused, as if it did not exist."""
    resource = db.session.get(UploadResource, upload_id) if is_id(upload_id) else None
    if resource is None or resource.user_id not in (None, user_id):
        raise Refused("upload_not_found", "there is no such upload")
    return resource


def extend(
    resource: UploadResource, position: Position, source: Source, *, last: bool, check: Check | None
) -> Progress:
    """Store the bytes of a request and sync them; return the progress of the upload.

    More bytes than the length allows end the upload, as the draft wants it. Raises Refused and StorageError.
    """
    upload_id, user_id = resource.id, resource.user_id
    try:
        progress = append.stream(upload_id, user_id, position, source, last=last, durable=True, check=check)
    except Refused as refusal:
        if refusal.code == "upload_completed":
            raise Refused("completed_upload", "this upload is complete and takes no more bytes") from refusal
        if refusal.code in ("total_mismatch", "length_mismatch"):
            ending.give_up(resource.id)
            raise inconsistent(refusal.message) from refusal
        if refusal.code == "offset_mismatch":
            refusal.details["provided"] = position.start
        raise
    if last and not progress.is_whole:
        ending.give_up(resource.id)
        raise inconsistent(f"the upload ends at byte {progress.offset}; its length is {progress.total} bytes")
    return progress


def finish(resource: UploadResource) -> Media:
    """Make the media of a complete file, or return the existing one. Raises Refused and StorageError."""
    wanted = dict(resource.digests or {})
    md5 = wanted.pop("md5", None)
    upload = rows.find(resource.id)
    if wanted and upload is not None and upload.status == Status.UPLOADING:
        with using(upload.storage):
            storage.finish(upload.state)
            _verify(resource, wanted)
    return completion.complete(resource.id, resource.user_id, md5, None)


def forget(resource: UploadResource) -> None:
    """End the upload and delete the resource; its media, if any, stays."""
    ending.give_up(resource.id)
    db.session.delete(resource)
    db.session.commit()


def over(due: Due) -> Iterator[Task]:
    """Yield the expired resources, for the sweeper. Their uploads expire separately."""
    for upload_id in stream_keys(UploadResource.id, UploadResource.expires_at <= due.left_before):
        yield Task(upload_id, partial(_remove, upload_id))


def inconsistent(message: str) -> Refused:
    """Return the refusal of a request whose lengths do not agree."""
    return Refused("inconsistent_upload_length", message)


def _verify(resource: UploadResource, wanted: dict[str, str]) -> None:
    """Read a published file and compare its digests; end the upload if one differs. Raises Refused."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in wanted}
    with storage.open(key_of(resource.id)) as file:
        while data := file.read(READ_SIZE):
            for taken in hashes.values():
                taken.update(data)
    if not all(hmac.compare_digest(hashes[name].hexdigest(), digest) for name, digest in wanted.items()):
        ending.give_up(resource.id)
        raise digests.mismatch()


def _remove(upload_id: str) -> None:
    db.session.execute(delete(UploadResource).where(UploadResource.id == upload_id))
    db.session.commit()
