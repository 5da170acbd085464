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
"""The sum of the bytes of all files of `user_id`; needs only an index."""


def folder_of(hash_code: object) -> str:
    """Return the path below which the URLs of a media's files are."""
    return f"/media/{hash_code}/"


def path_of(hash_code: object, file: MediaFile | plans.Version) -> str:
    """Return the path of a file's URL."""
    return folder_of(hash_code) + file.name


def urls_of(media: Media) -> list[str]:
    """Return every URL under which a cache may have a file of the media: scapi's own URLs and those of a CDN."""
    served = [file for file in media.files if file.role != Role.ORIGINAL]
    return [url for file in (*served, *plans.files(media)) for url in urls_of_file(media, file)]


def urls_of_file(media: Media, file: MediaFile) -> list[str]:
    """Return every URL under which a cache may have this file of the media."""
    urls = [absolute(path_of(media.hash_code, file))]
    if settings.media_base_url and (url := storages.of(file.storage).url(file.key, file.mimetype, "inline")):
        urls.append(url)
    return urls


def keys_of(media: Media) -> list[str]:
    """Return every key in storage that may hold a file of the media, also of renditions that are being made."""
    return [file.key for file in (*media.files, *plans.files(media))]


def forget(keys: Iterable[str]) -> None:
    """Record, in the current transaction, that no row uses these keys any more."""
    for key in keys:
        db.session.merge(StaleFile(key=key))


def delete_stale(keys: Iterable[str], places: Iterable[str] = ()) -> None:
    """Delete the files of keys passed to `forget`. Call it after the commit: rows first, files second.

    They are deleted in every storage that the settings name, because a moved file may still be in the old storage, and
    in the storages `places`.

    Their keys stay recorded, and the sweeper deletes them again. This removes files that could not be deleted now, and
    files that a concurrent request published again.
    """
    for key in keys:
        try:
            _delete_everywhere(key, places)
        except StorageError as error:
            current_app.logger.warning("%s is left to the sweeper: %s", key, error)


def stale(due: Due) -> Iterator[Task]:
    """Yield the files that no longer belong to a media, for the sweeper."""
    for key in stream_keys(StaleFile.key, StaleFile.since <= due.left_before):
        yield Task(key, partial(_delete_for_good, key))


def _delete_for_good(key: str) -> None:
    _delete_everywhere(key)
    db.session.execute(delete(StaleFile).where(StaleFile.key == key))
    db.session.commit()


def _delete_everywhere(key: str, places: Iterable[str] = ()) -> None:
    for name in {*storages.names(), *places}:
        storages.of(name).delete(key)
