"""Ends uploads that do not become a media: aborted by the client, refused by a check, or expired."""

from typing import Any

from flask import current_app
from sqlalchemy import update

from scapi import metrics
from scapi.database import db, now
from scapi.refusals import Refused
from scapi.storage import storage, using
from scapi.uploads import rows, rules
from scapi.uploads.keys import keys_of
from scapi.uploads.models import Status, Upload
from scapi.uploads.rows import UploadRow
from scapi.uploads.rules import key_of
from storage_backends import StorageError


def abort(upload_id: str, user_id: int | None) -> None:
    """End an unfinished upload for its client, and remove its bytes. Raises Refused.

    If its file was refused, its bytes are removed already: that is not an error.
    """
    place = rules.accessible(rows.find(upload_id), user_id).storage
    while True:
        with using(place), storage.exclusive(key_of(upload_id)):
            upload = rules.accessible(rows.find(upload_id), user_id)
            if upload.status == Status.REFUSED:
                return
            rules.check_alive(upload, now())
            if upload.status == Status.COMPLETED:
                raise Refused("upload_completed", "this upload is already completed; delete its media instead")
            if end(upload, Status.ABORTED):
                metrics.UPLOADS_ABORTED.inc()
                clear_now_or_later(upload)
                return


def refuse(upload: UploadRow, code: str, message: str) -> bool:
    """End an upload whose file is refused, and remove the file; return whether it was still uploading."""
    if not end(upload, Status.REFUSED, refusal_code=code, refusal_message=message):
        return False
    clear_now_or_later(upload)
    return True


def give_up(upload_id: str) -> None:
    """End an upload that its client has given up, if it is unfinished, and remove its bytes."""
    upload = rows.find(upload_id)
    if upload is not None and upload.status == Status.UPLOADING and end(upload, Status.ABORTED):
        metrics.UPLOADS_ABORTED.inc()
        clear_now_or_later(upload)


def gone(upload: UploadRow) -> Refused:
    """End an upload whose bytes the storage has lost; return the refusal: its client must begin again."""
    refusal = Refused("upload_gone", "the storage has lost bytes of this upload; begin a new upload")
    current_app.logger.error("upload %s: the storage has lost bytes of it", upload.id)
    refuse(upload, refusal.code, refusal.message)
    return refusal


def end(upload: UploadRow, status: Status, **more: Any) -> bool:
    """Set the final status of an uploading row, synced; return whether it was still uploading."""
    claim = update(Upload).where(Upload.id == upload.id, Upload.status == Status.UPLOADING)
    ended = db.session.scalar(claim.values(status=status, writer=Upload.writer + 1, **more).returning(Upload.id))
    db.session.commit()
    return ended is not None


def clear(upload: UploadRow) -> None:
    """Remove everything of an aborted, refused or expired upload from the storage. Safe to call again."""
    with using(upload.storage):
        storage.abort(upload.state)
        for key in keys_of(upload.id):
            storage.delete(key)


def clear_now_or_later(upload: UploadRow) -> None:
    """Clear an upload now, or leave it to the sweeper if the storage does not answer: the row has its status."""
    try:
        clear(upload)
    except StorageError as error:
        current_app.logger.warning("upload %s is cleared later: %s", upload.id, error)
