"""Completes uploads in this process, and makes and finds renditions."""

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from scapi import storage as storages
from scapi.database import db, now
from scapi.media.models import Media, MediaFile, Role
from scapi.media.renditions import making
from tests import files

PHOTO = files.jpeg(1400, 1050, exif_orientation=6, gps=True)  # 1050 x 1400 as it is shown


def seen(app: Flask, media: dict[str, Any]) -> dict[str, Any]:
    """The media in the API's current answer."""
    now: dict[str, Any] = app.test_client().get(f"/api/v2/media/{media['id']}/").get_json()
    return now


def make() -> None:
    assert making.make_due(lambda: False)


def made() -> list[MediaFile]:
    db.session.rollback()
    return list(db.session.scalars(select(MediaFile).where(MediaFile.role == Role.RENDITION).order_by(MediaFile.id)))


def stored(app: Flask) -> set[str]:
    return {found.key for found in storages.of("local").published() if "rendition" in found.key}


def due_now(**values: object) -> None:
    db.session.execute(update(Media).values(renditions_due_at=now() - timedelta(minutes=1), **values))
    db.session.commit()
