"""Signals: receivers in the same process get committed changes, and cannot undo them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from blinker import Signal
from flask import Flask
from sqlalchemy import func, select, text

from scapi.database import db
from scapi.events.signals import Event, media_created, media_deleted, upload_completed
from scapi.media.models import Media
from tests import files
from tests.client import CHUNK, COMPLETE, md5
from tests.conftest import token

PHOTO = files.jpeg()
Heard = list[tuple[str, Event, int | None]]


@contextmanager
def connected(*signals: Signal, receiver: Callable[..., None]) -> Iterator[None]:
    for signal in signals:
        signal.connect(receiver)
    try:
        yield
    finally:
        for signal in signals:
            signal.disconnect(receiver)


def test_what_receivers_hear(app: Flask) -> None:
    heard: Heard = []

    def receive(sender: Flask, event: Event) -> None:
        with db.engine.connect() as connection:  # another connection sees the committed rows
            count = connection.scalar(select(func.count()).select_from(Media.__table__))
        heard.append((sender.name, event, count))

    with connected(upload_completed, media_created, media_deleted, receiver=receive):
        media = upload(app)
        assert app.test_client().delete(f"/api/v2/media/{media['id']}/", headers=token(7)).status_code == 204
    assert [(name, event.type, count) for name, event, count in heard] == [
        ("scapi", "upload.completed", 1),
        ("scapi", "media.created", 1),
        ("scapi", "media.deleted", 0),
    ]
    assert heard[0][1].data["media_id"] == media["id"]
    assert heard[1][1].data == {"user_id": 7, "upload_id": heard[0][1].data["upload_id"], "media": media}
    addresses = [media["url"], media["image_thumbnail"]["url"]]
    assert heard[2][1].data == {**heard[1][1].data, "deleted_by": 7, "urls": addresses}


def test_a_receiver_that_fails_is_logged_and_changes_nothing(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    def fail(sender: Flask, event: Event) -> None:
        db.session.execute(text("SELECT no_such_column"))

    def receive(sender: Flask, event: Event) -> None:
        heard.append(event.type)

    with connected(media_created, receiver=fail), connected(media_created, receiver=receive):
        media = upload(app)
    assert heard == ["media.created"]
    assert db.session.get(Media, media["id"])
    assert "a receiver of media.created failed" in caplog.text


def upload(app: Flask) -> dict[str, Any]:
    """Upload a photo as user 7 and return its media."""
    client = app.test_client()
    chunk = client.post(CHUNK, data={"image": (BytesIO(PHOTO), "a.jpg")}, headers=token(7))
    fields = {"upload_id": chunk.json["upload_id"], "md5": md5(PHOTO)}
    answer = client.post(COMPLETE, data=fields, headers=token(7))
    assert answer.status_code == 201, answer.text
    media: dict[str, Any] = answer.get_json()
    del media["delete_token"]  # no event has it
    return media
