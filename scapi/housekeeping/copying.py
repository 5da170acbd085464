"""`scapi storage copy`: every file into another storage, verified, while the server runs.

A file is copied and read back; only then its row is changed, if it is still the same. If the row was deleted in the
meantime, the copy is deleted too. The rows say which files are copied, so a stopped copy simply continues.
"""

import hashlib
import tempfile
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import case, func, select, tuple_, update

from scapi import storage as storages
from scapi.database import db
from scapi.housekeeping.check import compare
from scapi.housekeeping.check.compare import FileRow
from scapi.http.dispositions import disposition
from scapi.media.models import MediaFile
from scapi.uploads.models import Status, Upload
from storage_backends import NotFound, StorageBackend

BLOCK = 1024 * 1024
TOGETHER = 50
"""Rows that are changed by one statement, with one sync of the database, while the copying goes on."""

IN_MEMORY = 8 * BLOCK
"""The most bytes of a file to keep in memory, and not on disk, between reading and writing it."""


@dataclass(slots=True)
class Copied:
    """The result of a copy."""

    files: int = 0
    bytes: int = 0
    gone: int = 0
    """Files that were deleted, or copied by another process, in the meantime."""
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """The files that are not copied yet."""

    files: int
    bytes: int
    uploads: int
    """Unfinished uploads, which end in the storage where they began."""


class Damaged(Exception):
    """A file differs from its row, or a copy differs from its source."""


def waiting(target: str) -> Waiting:
    """Count the files and uploads that are not in the storage `target`."""
    elsewhere = MediaFile.storage != target
    files, size = db.session.execute(
        select(func.count(), func.coalesce(func.sum(MediaFile.size), 0)).where(elsewhere)
    ).one()
    unfinished = (Upload.storage != target) & (Upload.status == Status.UPLOADING)
    uploads = db.session.scalar(select(func.count()).select_from(Upload).where(unfinished)) or 0
    db.session.rollback()
    return Waiting(files, int(size), uploads)


def copy(
    source: str, target: str, jobs: int, copied: Copied, done: Callable[[int], None], say: Callable[[str], None]
) -> None:
    """Copy all files of one storage into another one, `jobs` at a time, and count them in `copied`.

    `done` is called with the number of newly tried files, `say` with a message for each failed one. Raises StorageError
    if a storage does not answer.
    """
    from_, to = storages.of(source), storages.of(target)
    pending: dict[Future[str], FileRow] = {}
    settling: list[tuple[FileRow, Future[str]]] = []
    rows = compare.rows(source)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while True:
                for row in islice(rows, jobs + TOGETHER - len(pending)):
                    pending[pool.submit(copy_bytes, from_, to, row)] = row
                if not pending:
                    return
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                settling += [(pending.pop(future), future) for future in finished]
                done(len(finished))
                if len(settling) >= TOGETHER or not pending:
                    _settle(settling, to, target, copied, say)
                    settling.clear()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def copy_bytes(source: StorageBackend, target: StorageBackend, row: FileRow) -> str:
    """Copy the bytes of a file, read them back, and return their MD5. Raises StorageError and Damaged."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as held:
        size, digest = 0, hashlib.md5(usedforsecurity=False)
        with source.whole(row.key, row.size) as stream:
            while block := stream.read(BLOCK):
                held.write(block)
                digest.update(block)
                size += len(block)
        md5 = digest.hexdigest()
        if size != row.size or row.md5_served not in (None, md5):
            raise Damaged(f"it has {size} bytes with the MD5 {md5}, not {row.size} with {row.md5_served}")
        held.seek(0)
        named = disposition(row.title, row.name, row.mimetype)
        target.save_named(row.key, held, row.mimetype, named)  # type: ignore[arg-type]  # typeshed: it is no BinaryIO
    written = hashlib.md5(usedforsecurity=False)
    with target.whole(row.key, row.size) as stream:
        while block := stream.read(BLOCK):
            written.update(block)
    if written.hexdigest() != md5:
        raise Damaged(f"the copy has the MD5 {written.hexdigest()}, not {md5}")
    return md5


def _settle(
    finished: list[tuple[FileRow, Future[str]]],
    storage: StorageBackend,
    target: str,
    copied: Copied,
    say: Callable[[str], None],
) -> None:
    """Change the rows of copied files to the new storage, with one statement; remove copies whose rows were deleted."""
    digests: dict[int, str] = {}
    orphans: list[str] = []
    for row, future in finished:
        try:
            digests[row.id] = future.result()
        except (NotFound, Damaged) as error:
            if not row.size:
                _let_be_made_in(target, row)
            elif _says(row) == row.storage:
                copied.failed += 1
                say(f"{row.key} of media {row.media_id} was not copied: {error}")
            else:
                _note_gone(row, copied, orphans)
    rows = [row for row, _ in finished if row.id in digests]
    moved = _moved(rows, digests, target)
    for row in rows:
        if row.id in moved:
            copied.files += 1
            copied.bytes += row.size
        else:
            _note_gone(row, copied, orphans)
    db.session.commit()
    for key in orphans:
        storage.delete(key)


def _moved(rows: list[FileRow], digests: dict[int, str], target: str) -> set[int]:
    """Change the rows that are still the same to the target; return their ids."""
    if not rows:
        return set()
    same = (
        MediaFile.storage == rows[0].storage,
        tuple_(MediaFile.id, MediaFile.key).in_([(row.id, row.key) for row in rows]),
    )
    known = {"storage": target, "md5_served": case(digests, value=MediaFile.id)}
    safe = {"lost_at": None, "unsettled_since": None}
    moved = update(MediaFile).where(*same).values(**known, **safe)
    return set(db.session.scalars(moved.returning(MediaFile.id), execution_options={"synchronize_session": False}))


def _note_gone(row: FileRow, copied: Copied, orphans: list[str]) -> None:
    copied.gone += 1
    if _says(row) is None:
        orphans.append(row.key)


def _let_be_made_in(target: str, row: FileRow) -> None:
    """Change the row of a picture that is not made yet to the target."""
    same = (MediaFile.id == row.id, MediaFile.storage == row.storage, MediaFile.key == row.key)
    db.session.execute(update(MediaFile).where(*same).values(storage=target))


def _says(row: FileRow) -> str | None:
    """Return the storage that the file's row names now; None if the row was deleted or has another key."""
    same = (MediaFile.id == row.id, MediaFile.key == row.key)
    return db.session.scalar(select(MediaFile.storage).where(*same))
