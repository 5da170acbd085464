"""An object in each storage that names the database whose files it has."""

from io import BytesIO

from scapi.housekeeping import notes
from storage_backends import NotFound, StorageBackend

KEY = "scapi-database"

MAX_SIZE = 100
"""Bytes that are read of it."""


def owner(storage: StorageBackend) -> str | None:
    """Return the id of the database whose files a storage has, None where nobody has written it yet."""
    try:
        with storage.open(KEY, 0, MAX_SIZE) as stream:
            return stream.read().decode(errors="replace")
    except NotFound:
        return None


def is_anothers(storage: StorageBackend) -> bool:
    """Return whether a storage has the files of another database."""
    return owner(storage) not in (None, notes.known_database_id())


def write(storage: StorageBackend) -> None:
    """Name this database in a storage that names none."""
    if owner(storage) is None:
        storage.save(KEY, BytesIO(notes.database_id().encode()), "text/plain")
