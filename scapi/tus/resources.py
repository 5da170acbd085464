"""The resources of tus clients: creating, reading, finishing and deleting them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete

from scapi.database import db, now, stream_keys
from scapi.formats.filetypes import PARTIAL, UNKNOWN
from scapi.media import completion
from scapi.media.models import Media
from scapi.media.schemas import UPLOAD_TYPES
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.sweeping import Due, Task
from scapi.tus.headers import Metadata
from scapi.tus.models import TusUpload
from scapi.uploads import beginning, offsets
from scapi.uploads.assembly import Progress
from scapi.uploads.md5 import HEX
from scapi.uploads.rows import UploadRow
from scapi.uploads.rules import is_id, new_id


@dataclass(frozen=True, slots=True)
class State:
    """A resource as a client sees it. `offset` is None while the parts of a final upload are not joined."""

    resource: TusUpload
    offset: int | None
    total: int | None
    media: Media | None

    @property
    def is_finished(self) -> bool:
        """Whether the file is complete and, unless it is a part, its media is made."""
        return self.offset is not None and self.offset == self.total


def create(user_id: int | None, total: int | None, metadata: Metadata, *, is_partial: bool, concat: str | None) -> Any:
    """Create an upload without bytes; return its resource and its progress. Raises Refused and StorageError."""
    if total == 0:
        raise Refused("empty_chunk", "Upload-Length is 0; a file with at least one byte was expected")
    wanted, md5 = wishes(metadata)
    progress = beginning.create(user_id, metadata.filename, total, mimetype=PARTIAL if is_partial else UNKNOWN)
    resource = TusUpload(
        id=progress.upload_id,
        user_id=user_id,
        sent_metadata=metadata.sent,
        wanted=wanted,
        md5=md5,
        partial=is_partial,
        concat=concat,
        expires_at=progress.expires_at,
    )
    db.session.add(resource)
    db.session.commit()
    return resource, progress


def create_final(user_id: int | None, metadata: Metadata, parts: tuple[str, ...], concat: str) -> TusUpload:
    """Create the resource of an upload that joins `parts`, which are partial uploads of the same owner.

    They may be unfinished; the upload begins when all of them are complete. Raises Refused.
    """
    wanted, md5 = wishes(metadata)
    found = [db.session.get(TusUpload, part) for part in dict.fromkeys(parts)]
    known = [one for one in found if one is not None and one.partial and one.user_id == user_id]
    if len(known) < len(found):
        raise Refused("upload_not_found", "Upload-Concat names an upload that is not a partial upload of this client")
    resource = TusUpload(
        id=new_id(),
        user_id=user_id,
        sent_metadata=metadata.sent,
        wanted=wanted,
        md5=md5,
        parts=list(parts),
        concat=concat,
        expires_at=now() + timedelta(seconds=settings.upload_ttl),
    )
    db.session.add(resource)
    for one in known:
        one.final_id = resource.id
    db.session.commit()
    return resource


def find(upload_id: str, user_id: int | None) -> TusUpload:
    """Return the resource if this user may use it. Otherwise raises Refused, as if it did not exist."""
    resource = db.session.get(TusUpload, upload_id) if is_id(upload_id) else None
    if resource is None or resource.user_id not in (None, user_id):
        raise Refused("upload_not_found", "there is no such upload")
    return resource


def look(resource: TusUpload, user_id: int | None) -> State:
    """Return the state of a resource that is not final; if its file is complete, its media is made now.

    A request that is still writing to it loses the upload. Raises Refused and StorageError.
    """
    upload: UploadRow = offsets.look(resource.id, user_id)
    media = None
    if not resource.partial and upload.offset == upload.total and completion.may_answer(upload):
        media = finish(resource, user_id)
    return State(resource, upload.offset, upload.total, media)


def finish(resource: TusUpload, user_id: int | None) -> Media:
    """Make the media of a complete file, or return the existing one. Raises Refused and StorageError."""
    return completion.complete(resource.id, user_id, resource.md5, resource.wanted)


def after(resource: TusUpload, progress: Progress, user_id: int | None) -> State:
    """Return the state of a resource after new bytes; the last byte makes its media."""
    media = finish(resource, user_id) if progress.is_whole and not resource.partial else None
    return State(resource, progress.offset, progress.total, media)


def forget(resource: TusUpload) -> None:
    """Delete the resource. Its upload has ended, or its media stays."""
    db.session.delete(resource)
    db.session.commit()


def over(due: Due) -> Iterator[Task]:
    """Yield the expired resources, for the sweeper. Their uploads expire separately."""
    for upload_id in stream_keys(TusUpload.id, TusUpload.expires_at <= due.left_before):
        yield Task(upload_id, partial(_remove, upload_id))


def wishes(metadata: Metadata) -> tuple[str | None, str | None]:
    """Return the type of media and the MD5 in the metadata. Raises Refused."""
    wanted, md5 = metadata.type, metadata.values.get("md5")
    if wanted is not None and wanted not in UPLOAD_TYPES:
        raise Refused("invalid_header", f"Upload-Metadata: type must be one of {', '.join(UPLOAD_TYPES)}")
    if md5 is not None and not HEX.fullmatch(md5):
        raise Refused("invalid_header", "Upload-Metadata: md5 must have 32 hexadecimal digits")
    return wanted, md5.lower() if md5 else None


def _remove(upload_id: str) -> None:
    db.session.execute(delete(TusUpload).where(TusUpload.id == upload_id))
    db.session.commit()
