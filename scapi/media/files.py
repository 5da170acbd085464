"""The files of a media: their names, their keys, and their deletion."""

from collections.abc import Iterable, Iterator
from functools import partial

from flask import current_app
from sqlalchemy import bindparam, delete, func, select

from scapi import storage as storages
from scapi.database import db, stream_keys
from scapi.http.urls import absolute
from scapi.media import plans
from scapi.media.models import Media, MediaFile, Role, StaleFile
from scapi.settings import settings
from scapi.sweeping import Due, Task
from storage_backends import StorageError

STORED = select(func.coalesce(func.sum(Media.stored), 0)).where(Media.creator_id == bindparam("user_id"))
"""Sums up the bytes of the files of `user_id`, from an index alone."""


def path_of(hash_code: object, file: MediaFile | plans.Version) -> str:
    """Return the path of a file's URL."""
    return f"/media/{hash_code}/{file.name}"


def urls_of(media: Media) -> list[str]:
    """Return every address under which a cache may have a file of the media: scapi's own, and those of a CDN."""
    served = [file for file in media.files if file.role != Role.ORIGINAL]
    return [url for file in (*served, *plans.files(media)) for url in urls_of_file(media, file)]


def urls_of_file(media: Media, file: MediaFile) -> list[str]:
    """Return every address under which a cache may have one file of the media."""
    urls = [absolute(path_of(media.hash_code, file))]
    if settings.media_base_url and (url := storages.of(file.storage).url(file.key, file.mimetype, "inline")):
        urls.append(url)
    return urls


def keys_of(media: Media) -> list[str]:
    """Return every key in storage that may have a file of the media: those of renditions that are being made, too."""
    return [file.key for file in (*media.files, *plans.files(media))]


def forget(keys: Iterable[str]) -> None:
    """Remember, in the transaction under way, that nothing names these keys any more."""
    for key in keys:
        db.session.merge(StaleFile(key=key))


def delete_stale(keys: Iterable[str], places: Iterable[str] = ()) -> None:
    """Delete files that were forgotten. Call it after the commit: rows go first, files second.

    They go from every storage that the settings name, as one that was moved may still be in the one before, and from
    the storages `places`.

    They stay remembered, and the sweeper deletes them once more: one that cannot be deleted now, and one that
    a racing request publishes again, goes then.
    """
    for key in keys:
        try:
            _delete_everywhere(key, places)
        except StorageError as error:
            current_app.logger.warning("%s is left to the sweeper: %s", key, error)


def stale(due: Due) -> Iterator[Task]:
    """Yield the files that no media has any more, for the sweeper."""
    for key in stream_keys(StaleFile.key, StaleFile.since <= due.left_before):
        yield Task(key, partial(_delete_for_good, key))


def _delete_for_good(key: str) -> None:
    _delete_everywhere(key)
    db.session.execute(delete(StaleFile).where(StaleFile.key == key))
    db.session.commit()


def _delete_everywhere(key: str, places: Iterable[str] = ()) -> None:
    for name in {*storages.names(), *places}:
        storages.of(name).delete(key)
