"""The events of media and their fields (docs/events.md). An event is made only if something listens for it."""

from typing import Any

from scapi.database import db
from scapi.events import outbox
from scapi.events.signals import Event, EventType
from scapi.http import auth
from scapi.http.auth import User
from scapi.media import files
from scapi.media.models import Media
from scapi.media.schemas import MediaSchema
from scapi.uploads.rows import UploadRow


def completed(upload: UploadRow, digest: str, media: Media) -> list[Event]:
    """Return the events of an upload that became `media`; adds them to the outbox in the current transaction."""
    events = []
    if outbox.is_heard(EventType.UPLOAD_COMPLETED):
        db.session.flush()  # sets the media's id
        data = {
            "upload_id": upload.id,
            "user_id": auth.name_of(upload.user_id),
            "media_id": media.id,
            "filename": upload.filename,
            "mimetype": upload.mimetype,
            "size": upload.offset,
            "md5": digest,
        }
        events.append(Event(EventType.UPLOAD_COMPLETED, data))
        outbox.keep(events)
    return events + created(media)


def created(media: Media) -> list[Event]:
    """Return the event of a new media; adds it to the outbox in the current transaction."""
    return _about(media, EventType.MEDIA_CREATED)


def updated(media: Media, urls: list[str]) -> list[Event]:
    """Return the event of a media whose file has changed; adds it to the outbox in the current transaction.

    `urls` are the addresses under which caches may still have the old file.
    """
    return _about(media, EventType.MEDIA_UPDATED, urls=urls)


def deleted(media: Media, by: User | None) -> list[Event]:
    """Return the event of a media that is about to be deleted; adds it to the outbox in the current transaction.

    It contains all addresses of its files, for purging caches, and the user who deletes it, if any.
    """
    return _about(
        media, EventType.MEDIA_DELETED, deleted_by=auth.name_of(by.id) if by else None, urls=files.urls_of(media)
    )


def _about(media: Media, kind: EventType, **more: Any) -> list[Event]:
    if not outbox.is_heard(kind):
        return []
    db.session.flush()
    as_answered = MediaSchema().dump(media)
    data = {"user_id": auth.name_of(media.creator_id), "upload_id": media.upload_id, "media": as_answered, **more}
    events = [Event(kind, data)]
    outbox.keep(events)
    return events
