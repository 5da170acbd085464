"""After a restart: verifies bytes that were acknowledged but not synced, or goes back to the last sync."""

import io
from typing import Any

from flask import current_app

from scapi.storage import storage
from scapi.uploads import md5, rows
from scapi.uploads.driver import Driver
from scapi.uploads.models import Status
from scapi.uploads.rows import UploadRow
from storage_backends import Doubt, NotFound


def settle(upload: UploadRow, connection: Driver) -> bool:
    """Make sure that storage has the bytes which the row of an upload counts; return whether the row had to change.

    To be called under the upload's lock. Bytes that are in doubt are compared with the row's MD5. If they are the
    right ones they are written once more, to be durable; if not, the upload goes back to the last byte that was.
    Raises StorageError.
    """
    if upload.status != Status.UPLOADING:
        return False
    try:
        doubt = storage.doubtful(upload.state)
    except NotFound:
        if rows.find(upload.id, connection) == upload:
            raise
        return True  # another request has finished or aborted it meanwhile
    if doubt is None:
        return False
    rows.advance(upload, _kept(upload, doubt) if _is_right(upload, doubt) else _given_up(upload, doubt), connection)
    return True


def _is_right(upload: UploadRow, doubt: Doubt) -> bool:
    if upload.md5_durable is None:  # an upload of a version that synced every chunk
        return False
    hashed = md5.after(upload.md5_durable)
    hashed.update(doubt.tail)
    is_right: bool = hashed.state() == upload.md5 and doubt.offset + len(doubt.tail) == upload.offset
    return is_right


def _kept(upload: UploadRow, doubt: Doubt) -> dict[str, Any]:
    state = storage.write(doubt.state, doubt.offset, io.BytesIO(doubt.tail), len(doubt.tail))
    return {"state": state, "md5_durable": upload.md5}


def _given_up(upload: UploadRow, doubt: Doubt) -> dict[str, Any]:
    current_app.logger.warning(
        "upload %s goes back from byte %s to %s: what came after was lost", upload.id, upload.offset, doubt.offset
    )
    return {
        "state": doubt.state,
        "offset": doubt.offset,
        "md5": upload.md5_durable,
        "last_start": doubt.offset,
        "md5_before": upload.md5_durable,
    }
