"""Which request completes an upload: one at a time, on any number of hosts, also after the file was published."""

from datetime import timedelta

from sqlalchemy import bindparam, or_, update

from scapi.database import db, now
from scapi.uploads.models import Status, Upload
from scapi.uploads.rows import UploadRow

CLAIM = timedelta(seconds=10)
"""How long others wait for a request that died: after so long the API's clients ask again. Nothing is wrong if it lives
longer: who commits first has made the media."""

# Made once: to build a statement costs more than to run it.
_CLAIM = (
    update(Upload.__table__)  # type: ignore[arg-type]
    .where(
        Upload.id == bindparam("of_id"),
        Upload.status == Status.UPLOADING,
        Upload.writer == bindparam("known_writer"),
        Upload.offset == bindparam("at_offset"),
        Upload.total.is_not_distinct_from(bindparam("known_total")),
        or_(Upload.claimed_until.is_(None), Upload.claimed_until <= bindparam("moment")),
    )
    .values(claimed_until=bindparam("until"), total=bindparam("at_offset"), writer=Upload.writer + 1)
)
_RELEASE = (
    update(Upload.__table__)  # type: ignore[arg-type]
    .where(Upload.id == bindparam("of_id"), Upload.status == Status.UPLOADING)
    .values(claimed_until=None, crashes=Upload.crashes + bindparam("more"))
    .returning(Upload.crashes)
)


def claim(upload: UploadRow) -> bool:
    """Claim an upload whose bytes are all there; return False if its row has changed, or another request has it.

    No chunk can follow afterwards. The row survives a power cut from now on, with all that it was before: what is done
    next relies on it.
    """
    moment = now()
    known = {"of_id": upload.id, "known_writer": upload.writer, "at_offset": upload.offset, "known_total": upload.total}
    with db.engine.begin() as connection:
        return connection.execute(_CLAIM, {**known, "moment": moment, "until": moment + CLAIM}).rowcount == 1


def release(upload: UploadRow, *, crashed: bool = False) -> int:
    """Let the next request complete the upload; return how often its file has crashed the inspection by now."""
    with db.engine.begin() as connection:
        crashes: int | None = connection.scalar(_RELEASE, {"of_id": upload.id, "more": int(crashed)})
    return crashes or 0
