"""An object in each storage that names the database that owns its files."""

from io import BytesIO

from scapi.housekeeping import notes
from storage_backends import NotFound, StorageBackend

KEY = "scapi-database"

MAX_SIZE = 100
"""The most bytes to read of it."""


def owner(storage: StorageBackend) -> str | None:
    """Return the id of the database that owns the storage's files; None if it is not marked yet."""
    try:
        with storage.open(KEY, 0, MAX_SIZE) as stream:
            return stream.read().decode(errors="replace")
    except NotFound:
        return None


def is_anothers(storage: StorageBackend) -> bool:
    """Return whether a storage has the files of another database."""
    return owner(storage) not in (None, notes.known_database_id())


def complaint(name: str) -> str:
    """Return what an operator is told of the storage `name` with another database's files."""
    return f"{name} has the files of another database, named in the object {KEY}"


def write(storage: StorageBackend) -> None:
    """Mark a storage without an owner as this database's."""
    if owner(storage) is None:
        storage.save(KEY, BytesIO(notes.database_id().encode()), "text/plain")
