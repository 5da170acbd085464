"""Compares one storage with the rows that name it. Changes only the marks of files that were found again."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update

from scapi import storage as storages
from scapi.database import db
from scapi.housekeeping import notes
from scapi.housekeeping.check import compare, marker
from scapi.housekeeping.check.compare import FileRow
from scapi.housekeeping.check.findings import Finding, Findings, Kind
from scapi.media.models import MediaFile, StaleFile
from scapi.uploads import expiry
from scapi.uploads.keys import id_of
from scapi.uploads.models import Status, Upload
from scapi.uploads.rules import key_of
from storage_backends import NotFound, Published, StorageBackend

PROGRESS = "check of bytes"
"""The note with the last key whose bytes a check has read: the next check continues after it."""

NOTE_EVERY = 1000
"""Files to read between two notes."""

READ_SIZE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a check: `read` reads every byte, with `jobs` readers; orphans count only if older than `before`."""

    read: bool
    jobs: int
    before: datetime
    fix: bool
    writes: bool
    """Whether marks of found files are removed and notes are written. True with `fix`."""


@dataclass(slots=True)
class Census:
    """The numbers of rows and objects of a check, and findings about whole storages."""

    rows: int = 0
    objects: int = 0
    read: int = 0
    marked: int = 0
    """Lost files that were marked already."""
    elsewhere: int = 0
    """Objects whose rows name another storage: copies that a move has left behind, or has not completed."""
    found_again: int = 0
    unknown: list[str] = field(default_factory=list)
    """Storages with files, none of which this database names."""
    empty: list[str] = field(default_factory=list)
    """Storages that have none of the objects that rows name."""
    anothers: list[str] = field(default_factory=list)
    """Storages that have the files of another database."""


class Scan:
    """A check of the storage `name`. Adds to `findings` and `census`, and calls `met` for every row."""

    def __init__(
        self, name: str, options: Options, findings: Findings, census: Census, met: Callable[[int], None]
    ) -> None:
        self._name = name
        self._options = options
        self._findings = findings
        self._census = census
        self._met = met
        self._storage: StorageBackend = storages.of(name)
        self._strangers: list[Published] = []
        self._has_orphans = False
        self._reading: deque[tuple[FileRow, Future[str | None]]] = deque()

    def run(self) -> None:
        """Check everything. Raises StorageError if the storage does not answer: that says nothing about a file."""
        if marker.is_anothers(self._storage):
            self._census.anothers.append(self._name)
        rows, objects, elsewhere = self._census.rows, self._census.objects, self._census.elsewhere
        with ThreadPoolExecutor(self._options.jobs) as pool:
            try:
                self._compare(pool)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self._look_at_strangers()
        self._look_at_leftovers()
        if self._census.objects == objects and self._census.rows > rows:
            self._census.empty.append(self._name)
        if self._has_orphans and self._census.rows == rows and self._census.elsewhere == elsewhere:
            self._census.unknown.append(self._name)

    def _compare(self, pool: ThreadPoolExecutor) -> None:
        read_before = self._read_before()
        for row, found in compare.beside(compare.rows(self._name), self._storage.published()):
            if found is not None and found.key == marker.KEY:
                continue
            self._census.objects += found is not None
            if row is None:
                if found is not None:
                    self._strangers.append(found)
                if len(self._strangers) >= compare.BATCH:
                    self._look_at_strangers()
                continue
            self._census.rows += 1
            self._met(1)
            if found is None:
                self._look_at_missing(row)
            elif found.size != row.size:
                self._report(Kind.DAMAGED, row, f"it has {found.size} bytes of {row.size}")
            else:
                self._look_at_found(row, pool if row.key > read_before else None)
        while self._reading:
            self._finish_reading()

    def _read_before(self) -> str:
        """Return the last key that an earlier, stopped check of all bytes has read."""
        note = notes.read(PROGRESS) if self._options.read else None
        return str(note["after"]) if note and note["storage"] == self._name else ""

    def _look_at_missing(self, row: FileRow) -> None:
        if not row.size:  # the picture is not made yet
            return
        try:
            self._storage.size(row.key)
        except NotFound:
            if row.lost_at:
                self._census.marked += 1
            if is_current(row.id, row.storage, row.key):
                self._report(Kind.LOST, row, "already marked" if row.lost_at else "it is not there")

    def _look_at_found(self, row: FileRow, pool: ThreadPoolExecutor | None) -> None:
        if row.lost_at and self._options.writes:
            unmark = update(MediaFile).where(MediaFile.id == row.id, MediaFile.key == row.key).values(lost_at=None)
            db.session.execute(unmark)
            db.session.commit()
            self._census.found_again += 1
        if self._options.read and pool:
            self._reading.append((row, pool.submit(md5_of, self._storage, row.key, row.size)))
            if len(self._reading) > 2 * self._options.jobs:
                self._finish_reading()

    def _finish_reading(self) -> None:
        row, future = self._reading.popleft()
        digest = future.result()
        self._census.read += 1
        if digest is None:
            self._look_at_missing(row)
        elif row.md5_served is None:
            if self._options.fix:
                known = update(MediaFile).where(MediaFile.id == row.id, MediaFile.key == row.key)
                db.session.execute(known.values(md5_served=digest))
                db.session.commit()
        elif digest != row.md5_served and is_current(row.id, row.storage, row.key):
            self._report(Kind.DAMAGED, row, f"its MD5 is {digest}, not {row.md5_served}")
        if self._census.read % NOTE_EVERY == 0 and self._options.writes:
            notes.write(PROGRESS, {"storage": self._name, "after": row.key})

    def _look_at_strangers(self) -> None:
        orphans, elsewhere = orphaned(self._name, self._strangers)
        self._has_orphans |= bool(orphans)
        self._census.elsewhere += elsewhere
        for found in orphans:
            if found.modified <= self._options.before:
                about = f"no row names its {found.size} bytes of {found.modified:%Y-%m-%d}"
                self._findings.add(Finding(Kind.ORPHAN, self._name, found.key, about))
        self._strangers.clear()

    def _look_at_leftovers(self) -> None:
        for leftover in expiry.left_behind(self._storage, self._options.before):
            about = f"its upload is gone; {leftover.size} bytes of {leftover.modified:%Y-%m-%d}"
            self._findings.add(Finding(Kind.LEFTOVER, self._name, leftover.key, about, name=leftover.name))

    def _report(self, kind: Kind, row: FileRow, about: str) -> None:
        self._findings.add(Finding(kind, self._name, row.key, about, row.media_id, row.id))


def md5_of(storage: StorageBackend, key: str, size: int) -> str | None:
    """Return the MD5 of an object of `size` bytes; None if it is missing."""
    hashed = hashlib.md5(usedforsecurity=False)
    try:
        with storage.whole(key, size) as stream:
            while data := stream.read(READ_SIZE):
                hashed.update(data)
    except NotFound:
        return None
    return hashed.hexdigest()


def is_current(file_id: int, storage: str, key: str) -> bool:
    """Return whether the file's row still names this storage and key: it may have been deleted or moved."""
    same = (MediaFile.id == file_id, MediaFile.storage == storage, MediaFile.key == key)
    found = db.session.scalar(select(MediaFile.id).where(*same)) is not None
    db.session.rollback()
    return found


def orphaned(name: str, objects: list[Published]) -> tuple[list[Published], int]:
    """Return the objects of a storage that nothing refers to, and the number of those with a row in another storage.

    An object is not an orphan if it waits to be deleted, or may be the finished file of a running upload.
    """
    keys = [found.key for found in objects]
    places = {name, *storages.names()}
    rows = select(MediaFile.key, MediaFile.storage).where(MediaFile.storage.in_(places), MediaFile.key.in_(keys))
    named = {row.key: row.storage for row in db.session.execute(rows)} if keys else {}
    stale = set(_keys(select(StaleFile.key).where(StaleFile.key.in_(keys)), keys))
    ids = {id_of(key) for key in keys}
    under_way = select(Upload.id, Upload.offset).where(Upload.id.in_(ids), Upload.status == Status.UPLOADING)
    finished = {(key_of(row.id), row.offset) for row in db.session.execute(under_way)} if keys else set()
    db.session.rollback()
    without = [found for found in objects if found.key not in named and found.key not in stale]
    elsewhere = sum(storage != name for storage in named.values())
    return [found for found in without if (found.key, found.size) not in finished], elsewhere


def _keys(statement: object, keys: list[str]) -> Iterator[str]:
    return iter(db.session.scalars(statement)) if keys else iter(())  # type: ignore[call-overload]
