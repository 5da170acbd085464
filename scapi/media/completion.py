"""Completes uploads: checks the hash, publishes and inspects the file, and makes a media, once."""

import hashlib
import logging
import time
from contextlib import ExitStack
from functools import partial

from sqlalchemy import select

from scapi import metrics
from scapi import storage as storages
from scapi.checks import checking
from scapi.checks.base import CheckedFile
from scapi.database import db
from scapi.events.signals import announce
from scapi.http import auth, callers
from scapi.inspection.outcomes import Crash, Verdict, busy
from scapi.inspection.room import PATIENCE, Visit, room
from scapi.media import announcements, claims, contents, files, settling
from scapi.media.insertion import insert_media
from scapi.media.models import Media
from scapi.media.renditions import maker
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.storage import storage, using
from scapi.uploads import assembly, ending, md5, rows, rules
from scapi.uploads.keys import keys_of
from scapi.uploads.models import Status
from scapi.uploads.rows import UploadRow
from scapi.uploads.rules import key_of
from storage_backends import NotFound, State, StorageBackend, StorageError
from storage_backends.parallel import Parallel

READ_SIZE = 1024 * 1024
"""Bytes to read at a time, if a file must be hashed again."""

MAX_CRASHES = 3
"""After this many crashes of the inspection the file is refused."""

ASK_EVERY = 0.05
"""Seconds between two checks of an upload that another request completes."""

_tidying = Parallel(4, "tidying")
"""Removes leftovers of an upload after its file is published. After a crash the sweeper removes them."""

_log = logging.getLogger(__name__)


def complete(upload_id: str, user_id: int | None, digest: str | None, wanted: str | None) -> Media:
    """Turn a finished upload into a media; called again with the same `digest`, return the same media.

    `digest` is the file's MD5 in lower-case hex; None if the client has sent none. `wanted` is the requested type.
    Raises Refused and StorageError; then the upload is unchanged, unless its file was refused.
    """
    with ExitStack() as stack:
        visit: Visit | None = None
        patience = time.monotonic() + PATIENCE
        while True:
            with assembly.entered(upload_id, user_id) as upload:
                rules.check_complete(upload)
                _check_md5(md5.hexdigest(upload.md5), digest)
                if upload.status == Status.COMPLETED:
                    return _made_before(upload)
                visit = visit or stack.enter_context(room.entered(callers.who()))
                claimed = claims.claim(upload)
            if claimed:
                with using(upload.storage):
                    media = _finished(upload, visit, digest, wanted)
                if media:
                    return media
            if time.monotonic() > patience:
                raise busy("another request completes this upload; try again in a moment")
            time.sleep(ASK_EVERY)


def may_answer(upload: UploadRow) -> bool:
    """Return whether a read-only request may call `complete` now: it writes, unless the media is made already."""
    return upload.status == Status.COMPLETED or not settings.read_only


def _finished(upload: UploadRow, visit: Visit, digest: str | None, wanted: str | None) -> Media | None:
    """Make the media of a claimed upload; None if another request has changed the upload."""
    try:
        made = _inspected(upload, visit, digest, wanted)
        return _publish(upload, made, digest or md5.hexdigest(upload.md5) or _hash_of(key_of(upload.id)))
    except (Verdict, checking.RefusedByCheck) as refusal:
        if ending.refuse(upload, refusal.code, refusal.message):
            raise
        return None
    except Crash as crash:
        if claims.release(upload, crashed=True) < MAX_CRASHES:
            raise
        last = Refused("inspection_crashed", f"inspecting this file has failed {MAX_CRASHES} times")
        ending.refuse(upload, last.code, last.message)
        raise last from crash
    except NotFound as error:
        current = rows.find(upload.id)
        if current is not None and current.status == Status.UPLOADING:
            raise ending.gone(current) from error
        return None
    except BaseException:
        db.session.rollback()  # SQLite allows one writer
        claims.release(upload)
        raise


def _inspected(upload: UploadRow, visit: Visit, digest: str | None, wanted: str | None) -> contents.Contents:
    """Publish and inspect the file, run the checks of the settings, and save the files made from it.

    If the storage allows it, the file is inspected while it is being published, which takes as long. An image is
    decoded while the file to serve is being saved.
    """
    with contents.unpublished(upload) as early:
        if early is None:
            storage.publish(upload.state)
        source = early or contents.published(key_of(upload.id), upload.offset)
        mimetype = contents.mimetype_of(upload, source)
        kind = contents.kind_of(wanted, mimetype)
        with visit.look(contents.question(source, mimetype)) as look:
            if early is not None:
                storage.publish(upload.state)
            _verify(upload, digest)
            served = contents.save_served(upload, mimetype, look.served())
            found = look.facts()
    return contents.save(upload, mimetype, kind, found, served)


def _verify(upload: UploadRow, digest: str | None) -> None:
    """Check the hash of a published file, if it is not known, and run the operator's checks. Raises Refused."""
    if md5.hexdigest(upload.md5) is None:
        _check_md5(_hash_of(key_of(upload.id)), digest)
    file = CheckedFile(upload.filename, upload.mimetype, upload.offset, auth.name_of(upload.user_id))
    checking.check(file, lambda: storage.open(key_of(upload.id)))


def _publish(upload: UploadRow, made: contents.Contents, digest: str) -> Media | None:
    """Make the media and end the upload in one transaction; None if another request has ended the upload."""
    if not claims.complete(upload):
        db.session.rollback()
        _clear_if_over(upload)
        return None
    media = made.media(upload_id=upload.id, creator_id=upload.user_id)
    media.set_md5_sent(digest)
    insert_media(media)
    files.forget(made.replaced)
    events = announcements.completed(upload, digest, media)
    db.session.commit()
    metrics.UPLOADS_COMPLETED.inc()
    metrics.COMPLETED_BYTES.inc(upload.offset)
    files.delete_stale(made.replaced)
    _tidying.begin(partial(_tidy, storages.of(upload.storage), upload.state))
    settling.settle_soon(media)
    if media.renditions_due_at is not None:
        maker.make_soon()
    announce(events)
    return media


def _tidy(backend: StorageBackend, state: State) -> None:
    try:
        backend.tidy(state)
    except StorageError as error:
        _log.warning("leftovers of an upload are left to the sweeper: %s", error)


def _clear_if_over(upload: UploadRow) -> None:
    """Remove the published files of an upload that was aborted: the abort ran before these files existed."""
    current = rows.find(upload.id)
    if current is None or current.status != Status.COMPLETED:
        storage.abort(upload.state)
        for key in keys_of(upload.id):
            storage.delete(key)


def _made_before(upload: UploadRow) -> Media:
    media: Media | None = db.session.scalar(select(Media).where(Media.upload_id == upload.id))
    if media is None:
        raise Refused("media_deleted", "the media made from this upload was deleted")
    return media


def _check_md5(known: str | None, digest: str | None) -> None:
    if digest is not None and known not in (None, digest):
        raise Refused("md5_mismatch", f"the received bytes have the MD5 {known}, not {digest}", field="md5")


def _hash_of(key: str) -> str:
    """Return the MD5 of a published file by reading it."""
    hashed = hashlib.md5(usedforsecurity=False)
    with storage.open(key) as file:
        while data := file.read(READ_SIZE):
            hashed.update(data)
    return hashed.hexdigest()
