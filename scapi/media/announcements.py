"""The events of media, with what is in them. Made only where somebody hears them; docs/events.md lists the fields."""

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
    """Return the events of an upload that has become `media`, written to the outbox in the transaction under way."""
    events = []
    if outbox.is_heard(EventType.UPLOAD_COMPLETED):
        db.session.flush()  # gives the media its id
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
    """Return the event of a media that was made, written to the outbox in the transaction under way."""
    return _about(media, EventType.MEDIA_CREATED)


def updated(media: Media, urls: list[str]) -> list[Event]:
    """Return the event of a media whose file has changed, written to the outbox in the transaction under way.

    `urls` are the addresses under which caches may still have the file as it was.
    """
    return _about(media, EventType.MEDIA_UPDATED, urls=urls)


def deleted(media: Media, by: User | None) -> list[Event]:
    """Return the event of a media that is about to be deleted, written to the outbox in the transaction under way.

    It names all addresses of its files, for purging them from caches, and the user who deletes it, if one does.
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
