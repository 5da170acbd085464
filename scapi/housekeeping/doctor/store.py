"""The storage: tries every operation that scapi needs, and checks the configuration of the store."""

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
    """Yield the findings about each storage."""
    for name in storages.names():
        storage = storages.of(name)
        yield _rights(name, storage)
        if not pending():  # otherwise the table with the id of this database does not exist
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
            "uploads, deletions and checks need all of these operations",
            "give scapi's user, or its keys, the permissions of docs/day-two.md",
        )
    return Diagnosis(about, "an object was saved, read, listed and deleted, an upload begun and aborted")


def _steps(storage: StorageBackend) -> Iterator[str]:
    """Do scapi's operations, and yield the name of each before doing it."""
    key = f"zz/doctor-{secrets.token_hex(8)}"
    yield "saved to"
    storage.save(key, BytesIO(CONTENT), "text/plain")
    yield "read from"
    with storage.open(key, 0, len(CONTENT)) as stream:
        if stream.read() != CONTENT:
            raise ValueError("the bytes that were read differ from those that were written")
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
            "a check would treat all of them as orphans",
            f"name another bucket or prefix, or remove the object {marker.KEY} if the other database is gone",
        )
    if objection := ownership.objection(name):
        return Diagnosis(
            f"storage {name}: owner",
            objection.why,
            "the sweeper leaves its files alone; files may be missing, or these may be another database's",
            "mount the right folder, or name the right bucket, prefix or database; if all is right: scapi check --fix",
        )
    return Diagnosis(f"storage {name}: owner", "it has no files of another database")
