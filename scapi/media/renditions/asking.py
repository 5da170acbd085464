"""Requests for a rendition that is not made yet."""

import os
import threading
import time
import uuid

from flask import Flask, current_app
from sqlalchemy import select

from scapi.database import db
from scapi.inspection.room import DEFAULT_THREADS, THREADS
from scapi.media import plans
from scapi.media.models import Media, MediaFile
from scapi.media.renditions import backlog, maker
from scapi.settings import settings

PATIENCE = 1.0
"""Seconds that a request waits for the rendition."""

ASK_EVERY = 0.1
"""Seconds between two queries."""

SHARE = 8
"""One in this many threads of a process may wait; further requests do not wait."""


def set_up(app: Flask) -> None:
    """Limit how many requests of this process wait."""
    threads = int(os.environ.get(THREADS, DEFAULT_THREADS))
    app.extensions["scapi.waiting"] = threading.BoundedSemaphore(max(1, threads // SHARE))


def planned(hash_code: uuid.UUID, name: str) -> Media | None:
    """Return the media that has a rendition of this name, made or not. Reads only the database."""
    media = db.session.scalar(select(Media).where(Media.hash_code == hash_code))
    return media if media and name in {version.name for version in plans.versions(media)} else None


def wait_for(media: Media, name: str) -> MediaFile | None:
    """Put a rendition first in the backlog and wait for it; return None if it takes too long."""
    wanted = select(MediaFile).where(MediaFile.media_id == media.id, MediaFile.name == name)
    file = db.session.scalar(wanted)
    if file is not None or settings.read_only:
        return file
    backlog.ask_for(media)
    maker.make_now()
    places: threading.Semaphore = current_app.extensions["scapi.waiting"]
    if not places.acquire(blocking=False):
        return None
    try:
        end = time.monotonic() + PATIENCE
        while file is None and time.monotonic() < end:
            db.session.rollback()  # no connection is held while waiting
            time.sleep(ASK_EVERY)
            file = db.session.scalar(wanted)
        return file
    finally:
        places.release()
