"""The events, and the blinker signals that report them in this process after the commit."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from blinker import Namespace
from flask import current_app

from scapi.database import db, now

_signals = Namespace()

upload_completed = _signals.signal("upload-completed")
"""An upload has become a media."""

media_created = _signals.signal("media-created")
"""A media was created, from an upload, a link, an embed or the URL of a picture."""

media_updated = _signals.signal("media-updated")
"""A media's file has changed; the event contains the URLs to purge from caches."""

media_deleted = _signals.signal("media-deleted")
"""A media was deleted; the event contains its last state."""


class EventType(StrEnum):
    """The type of an event."""

    UPLOAD_COMPLETED = "upload.completed"
    MEDIA_CREATED = "media.created"
    MEDIA_UPDATED = "media.updated"
    MEDIA_DELETED = "media.deleted"


SIGNALS = {
    EventType.UPLOAD_COMPLETED: upload_completed,
    EventType.MEDIA_CREATED: media_created,
    EventType.MEDIA_UPDATED: media_updated,
    EventType.MEDIA_DELETED: media_deleted,
}


@dataclass(frozen=True, slots=True)
class Event:
    """An event. docs/events.md lists the fields of `data`; its values are JSON values."""

    type: EventType
    data: dict[str, Any]
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")
    timestamp: datetime = field(default_factory=now)


def announce(events: Iterable[Event]) -> None:
    """Call the receivers of committed events.

    A failing receiver changes nothing: its error is logged, the others are called, and the client gets its answer.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    for event in events:
        for receiver in list(SIGNALS[event.type].receivers_for(app)):
            try:
                receiver(app, event=event)
            except Exception:  # a receiver may raise anything
                db.session.rollback()  # undo what the receiver left unfinished in the session
                app.logger.exception("a receiver of %s failed", event.type)
