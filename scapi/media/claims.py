"""Claims: only one request at a time completes an upload, on any number of hosts, also after the file was published."""

from datetime import timedelta

from sqlalchemy import bindparam, or_, update

from scapi.database import db, now
from scapi.uploads.models import Status, Upload
from scapi.uploads.rows import UploadRow

CLAIM = timedelta(seconds=10)
"""A claim of a request that died ends after this time, when the API's clients try again. A request that lives longer
does no harm: the first commit makes the media.
"""

# Built once: building a statement costs more than running it.
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
_COMPLETE = (
    update(Upload.__table__)  # type: ignore[arg-type]
    .where(Upload.id == bindparam("of_id"), Upload.status == Status.UPLOADING)
    .values(status=Status.COMPLETED)
)
_RELEASE = (
    update(Upload.__table__)  # type: ignore[arg-type]
    .where(Upload.id == bindparam("of_id"), Upload.status == Status.UPLOADING)
    .values(claimed_until=None, crashes=Upload.crashes + bindparam("more"))
    .returning(Upload.crashes)
)


def claim(upload: UploadRow) -> bool:
    """Claim an upload that has all its bytes; return False if its row has changed or another request has claimed it.

    Afterwards no chunk is accepted. From now on the row survives a power cut; the next steps rely on that.
    """
    moment = now()
    known = {"of_id": upload.id, "known_writer": upload.writer, "at_offset": upload.offset, "known_total": upload.total}
    with db.engine.begin() as connection:
        return connection.execute(_CLAIM, {**known, "moment": moment, "until": moment + CLAIM}).rowcount == 1


def complete(upload: UploadRow) -> bool:
    """End an upload as completed, in the session's transaction; return False if it has ended already."""
    return db.session.connection().execute(_COMPLETE, {"of_id": upload.id}).rowcount == 1


def release(upload: UploadRow, *, crashed: bool = False) -> int:
    """Let the next request complete the upload; return how often its file has crashed the inspection so far."""
    with db.engine.begin() as connection:
        crashes: int | None = connection.scalar(_RELEASE, {"of_id": upload.id, "more": int(crashed)})
    return crashes or 0
