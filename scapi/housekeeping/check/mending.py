"""`scapi check --fix`: repairs findings, or refuses to."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import func, select, update

from scapi import storage as storages
from scapi.database import db, now
from scapi.housekeeping.check import scan
from scapi.housekeeping.check.findings import Finding, Findings, Kind
from scapi.housekeeping.check.scan import Census
from scapi.media.models import Media, MediaFile
from scapi.uploads import expiry
from storage_backends import Leftover, NotFound, Published

MOST_PERCENT = 1
"""The most files, or media, that may be changed without `--expect`, in percent."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def changes(findings: Findings, census: Census) -> int:
    """Return the number of files that would be marked or removed."""
    return findings.counts[Kind.LOST] - census.marked + findings.counts[Kind.ORPHAN]


def objections(findings: Findings, census: Census, expected: int | None) -> Iterator[str]:
    """Yield the reasons not to change anything. `expected` is the operator's expected number of changed files."""
    wanted = changes(findings, census)
    if expected is not None:
        if wanted != expected:
            yield f"{wanted} files would be changed, not {expected}"
        return
    for name in census.unknown:
        yield f"{name} has files, and this database names none of them"
    if not wanted:
        return
    for name in census.anothers:
        yield f"{name} has the files of another database"
    for name in census.empty:
        yield f"{name} has no files at all"
    lost = findings.counts[Kind.LOST] - census.marked
    media = {finding.media_id for finding in findings if finding.kind == Kind.LOST} if lost else set()
    total = db.session.scalar(select(func.count()).select_from(Media)) or 0
    db.session.rollback()
    for count, of, what in (
        (lost, census.rows, "files are lost"),
        (len(media), total, "media have lost files"),
        (findings.counts[Kind.ORPHAN], census.objects, "files are orphans"),
    ):
        if count * 100 > of * MOST_PERCENT:
            yield f"{count} of {of} {what}, more than {MOST_PERCENT} %"


def mend(finding: Finding) -> bool:
    """Check a finding again and repair it; return whether it was repaired. Raises StorageError."""
    if finding.kind == Kind.LOST:
        return _mark(finding)
    if finding.kind == Kind.ORPHAN:
        return _remove(finding)
    if finding.kind == Kind.LEFTOVER:
        return _discard(finding)
    return False


def _mark(finding: Finding) -> bool:
    """Mark a file as lost, if a second check does not find it either."""
    try:
        storages.of(finding.storage).size(finding.key)
    except NotFound:
        same = (MediaFile.id == finding.file_id, MediaFile.storage == finding.storage, MediaFile.key == finding.key)
        db.session.execute(update(MediaFile).where(*same, MediaFile.lost_at.is_(None)).values(lost_at=now()))
        db.session.commit()
    return True


def _remove(finding: Finding) -> bool:
    storage = storages.of(finding.storage)
    try:
        found = Published(finding.key, storage.size(finding.key), LONG_AGO)
    except NotFound:
        return True
    orphans, _ = scan.orphaned(finding.storage, [found])
    for orphan in orphans:
        storage.delete(orphan.key)
    return True


def _discard(finding: Finding) -> bool:
    leftover = Leftover(finding.key, finding.name, 0, LONG_AGO)
    if not expiry.is_alive(leftover):
        storages.of(finding.storage).discard(leftover)
    return True
