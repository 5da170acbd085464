"""After a restart: verifies bytes that were acknowledged but not synced, or goes back to the last sync."""

import io
from typing import Any

from flask import current_app

from scapi.storage import storage
from scapi.uploads import md5, rows
from scapi.uploads.rows import Driver, UploadRow
from storage_backends import Doubt


def recover(upload: UploadRow, doubt: Doubt, connection: Driver) -> None:
    """Change the row of an upload so that every byte that it counts exists. Call it with the upload's lock.

    The doubtful bytes are compared with the row's MD5. If they are right, they are written again and synced.
    If not, the upload goes back to its last durable byte. Raises StorageError.
    """
    rows.advance(upload, _kept(upload, doubt) if _is_right(upload, doubt) else _given_up(upload, doubt), connection)


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
        "upload %s goes back from byte %s to %s: the bytes between were lost", upload.id, upload.offset, doubt.offset
    )
    return {
        "state": doubt.state,
        "offset": doubt.offset,
        "md5": upload.md5_durable,
        "last_start": doubt.offset,
        "md5_before": upload.md5_durable,
    }
