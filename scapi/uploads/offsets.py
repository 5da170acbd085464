"""Reports the offset of an upload to its client: no earlier request can change it afterwards."""

from scapi.database import now
from scapi.settings import settings
from scapi.storage import storage
from scapi.uploads import assembly, rows, rules
from scapi.uploads.rows import UploadRow
from storage_backends import NotFound


def look(upload_id: str, user_id: int | None, *, durable: bool = False) -> UploadRow:
    """Return the row of an upload for a client that asks for its offset; an earlier writing request is superseded.

    `durable`: its offset survives a power cut. A completed upload is returned too. While the service is read-only, the
    row is only read, and no request is superseded. Raises Refused (`upload_not_found`, `upload_expired`,
    `refused_by_check`) and StorageError.
    """
    if settings.read_only:
        found = assembly.find(upload_id, user_id)
        rules.check_alive(found, now())
        return found
    rows.take_over(upload_id, user_id)
    upload = make_durable(upload_id, user_id) if durable else None
    with assembly.entered(upload_id, user_id) as found:
        if found.status == "uploading":
            _verify(found)
        return upload or found


def _verify(upload: UploadRow) -> None:
    """Check that the bytes of an upload exist. Raises StorageError: NotFound if they are lost."""
    try:
        storage.verify(upload.state)
    except NotFound:
        if rows.find(upload.id) == upload:  # otherwise a newer request has continued or ended the upload
            raise


def make_durable(upload_id: str, user_id: int | None) -> UploadRow:
    """Sync the bytes and the row of an upload, and return the row. Raises Refused, StorageError."""
    while True:
        with rows.connected() as connection, assembly.entered(upload_id, user_id, connection) as upload:
            if upload.status != "uploading" or storage.is_durable(upload.state):
                rows.make_durable(upload)
                return upload
            synced = storage.sync(upload.state)
            rows.advance(upload, {"state": synced, "md5_durable": upload.md5}, connection)
