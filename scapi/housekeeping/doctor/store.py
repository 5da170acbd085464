"""The storage: every operation that scapi needs is tried once, and the store is asked about its configuration."""

import secrets
from collections.abc import Iterator
from io import BytesIO

from scapi import storage as storages
from scapi.housekeeping import ownership
from scapi.housekeeping.check import marker
from scapi.housekeeping.database import pending
from storage_backends import Diagnosis, StorageBackend, StorageError

CONTENT = b"scapi doctor"


def look() -> Iterator[Diagnosis]:
    """Yield what there is to say of each storage."""
    for name in storages.names():
        storage = storages.of(name)
        yield _rights(name, storage)
        if not pending():  # else there is no table that says which database this is
            yield _owner(name, storage)
        for said in storage.diagnose():
            yield Diagnosis(f"storage {name}: {said.name}", said.what, said.why, said.mend)


def _rights(name: str, storage: StorageBackend) -> Diagnosis:
    about = f"storage {name}: rights"
    step = "used"
    try:
        for step in _steps(storage):  # noqa: B007 - the error tells which step was the last
            continue
    except (StorageError, ValueError) as error:
        return Diagnosis(
            about,
            f"it could not be {step}: {error}",
            "uploads, deletions and checks do all of that",
            "give scapi's user, or its keys, the rights of docs/day-two.md",
        )
    return Diagnosis(about, "an object was saved, read, listed and deleted, an upload begun and aborted")


def _steps(storage: StorageBackend) -> Iterator[str]:
    """Do what scapi does, and yield before each step what it does."""
    key = f"zz/doctor-{secrets.token_hex(8)}"
    yield "saved to"
    storage.save(key, BytesIO(CONTENT), "text/plain")
    yield "read from"
    with storage.open(key, 0, len(CONTENT)) as stream:
        if stream.read() != CONTENT:
            raise ValueError("other bytes came out than went in")
    yield "listed"
    next(storage.published("zz/"), None)
    yield "deleted from"
    storage.delete(key)
    yield "uploaded to"
    state = storage.start(key, "text/plain")
    storage.abort(storage.write(state, 0, BytesIO(CONTENT), len(CONTENT)))


def _owner(name: str, storage: StorageBackend) -> Diagnosis:
    if marker.is_anothers(storage):
        return Diagnosis(
            f"storage {name}: owner",
            "it has the files of another database",
            "a check would take all of them for orphans",
            f"name another bucket or prefix, or remove the object {marker.KEY} if the other database is gone",
        )
    if objection := ownership.objection(name):
        return Diagnosis(
            f"storage {name}: owner",
            objection.why,
            "the sweeper leaves its files alone; files may be missing, or these may be another database's",
            "mount the right folder, or name the right bucket, prefix or database; if all is right: scapi check --fix",
        )
    return Diagnosis(f"storage {name}: owner", "it has no other database's files")
