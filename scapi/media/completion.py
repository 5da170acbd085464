"""How an upload ends: its hash is checked, its file published and looked into, and a media made, once."""

import hashlib
from typing import Any

from sqlalchemy import Row, select, update

from scapi import metrics
from scapi.checks import checking
from scapi.checks.base import CheckedFile
from scapi.database import db
from scapi.events.signals import announce
from scapi.media import announcements, contents, files
from scapi.media.models import Media
from scapi.refusals import Refused
from scapi.storage import storage
from scapi.uploads import assembly, ending, md5, rows, rules
from scapi.uploads.keys import key_of, keys_of
from scapi.uploads.models import Status, Upload
from storage_backends import NotFound

READ_SIZE = 1024 * 1024
"""Bytes read at a time where a file has to be hashed again."""


def complete(upload_id: str, user_id: int | None, digest: str, wanted: str | None) -> Media:
    """Turn a finished upload into a media; called again with the same `digest`, return the same one.

    `digest` is the file's MD5 in lower-case hex, `wanted` the type that the client asks for. Raises Refused and
    StorageError; the upload is then as it was, unless a check has refused its file.
    """
    with assembly.entered(upload_id, user_id) as upload:
        media = _media_of(upload, digest, wanted)
    return media or complete(upload_id, user_id, digest, wanted)  # the row has changed, and says what to answer


def _media_of(upload: Row[Any], digest: str, wanted: str | None) -> Media | None:
    rules.check_complete(upload)
    _check_md5(md5.hexdigest(upload.md5), digest)
    if upload.status == Status.COMPLETED:
        return _made_before(upload)
    if upload.total is None:  # from here on no chunk may follow
        rows.advance(upload, {"total": upload.offset})
        return None
    return _finish(upload, digest, wanted)


def _finish(upload: Row[Any], digest: str, wanted: str | None) -> Media | None:
    """Publish the file and make its media; None if another request has changed the upload meanwhile."""
    rows.make_durable(upload)  # a file that is finished cannot go on from an earlier offset
    try:
        storage.finish(upload.state)
        if md5.hexdigest(upload.md5) is None:
            _check_md5(_hash_of(key_of(upload.id)), digest)
        if not _passes_checks(upload):
            return None
        made = contents.inspect(upload, wanted)
    except NotFound:
        if rows.find(upload.id) == upload:
            raise
        return None
    return _publish(upload, made, digest)


def _passes_checks(upload: Row[Any]) -> bool:
    """Run the checks that the settings name; if one refuses the file, end the upload and remove it.

    Return False, for what the row then says, where another request was first. Raises Refused.
    """
    file = CheckedFile(upload.filename, upload.mimetype, upload.offset, upload.user_id)
    try:
        checking.check(file, lambda: storage.open(key_of(upload.id)))
    except checking.RefusedByCheck:
        if not ending.end(upload, Status.REFUSED):
            return False
        ending.clear_now_or_later(upload)
        raise
    return True


def _publish(upload: Row[Any], made: contents.Contents, digest: str) -> Media | None:
    """Make the media and end the upload in one transaction; None if another request has ended it before."""
    claim = update(Upload).where(Upload.id == upload.id, Upload.status == Status.UPLOADING)
    claimed = db.session.scalar(claim.values(status=Status.COMPLETED).returning(Upload.id))
    if claimed is None:
        db.session.rollback()
        _clear_if_over(upload)
        return None
    media = made.media(upload_id=upload.id, creator_id=upload.user_id)
    media.set_md5_sent(digest)
    db.session.add(media)
    files.forget(made.replaced)
    events = announcements.completed(upload, digest, media)
    db.session.commit()
    metrics.UPLOADS_COMPLETED.inc()
    metrics.COMPLETED_BYTES.inc(upload.offset)
    files.delete_stale(made.replaced)
    announce(events)
    return media


def _clear_if_over(upload: Row[Any]) -> None:
    """Remove what was published for an upload that was aborted meanwhile: whoever did that was too early for it."""
    current = rows.find(upload.id)
    if current is None or current.status != Status.COMPLETED:
        storage.abort(upload.state)
        for key in keys_of(upload.id):
            storage.delete(key)


def _made_before(upload: Row[Any]) -> Media:
    media: Media | None = db.session.scalar(select(Media).where(Media.upload_id == upload.id))
    if media is None:
        raise Refused("media_deleted", "the media made from this upload was deleted")
    return media


def _check_md5(known: str | None, digest: str) -> None:
    if known not in (None, digest):
        raise Refused("md5_mismatch", f"the bytes that came have the MD5 {known}, not {digest}", field="md5")


def _hash_of(key: str) -> str:
    """Return the MD5 of a published file by reading it."""
    hashed = hashlib.md5(usedforsecurity=False)
    with storage.open(key) as file:
        while data := file.read(READ_SIZE):
            hashed.update(data)
    return hashed.hexdigest()
