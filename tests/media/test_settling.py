"""Previews and thumbnails may be lost in a power cut: then they are made again before they are needed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from scapi import storage as storages
from scapi.database import db, now
from scapi.inspection import facts
from scapi.inspection.facts import DocumentFacts
from scapi.media import settling
from scapi.media.models import Media, MediaFile, Role
from scapi.media.renditions import maker
from tests import files
from tests.media.completing import completed
from tests.running import settings_of

PHOTO, PAPER = files.jpeg(800, 600), files.pdf()


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settle nothing automatically, and make no renditions, which would count as pictures."""
    monkeypatch.setattr(settling, "settle_soon", lambda _media: None)
    monkeypatch.setattr(maker, "make_soon", lambda: None)


def pictures() -> list[MediaFile]:
    db.session.rollback()
    return list(db.session.scalars(select(MediaFile).where(MediaFile.role != Role.FILE)))


def path(app: Flask, file: MediaFile) -> Path:
    return Path(settings_of(app).data_dir, "files", file.key)


def test_pictures_are_there_at_once_and_settled_later(app: Flask) -> None:
    media = completed(app, PAPER)
    assert [file.unsettled_since is not None for file in pictures()] == [True, True]
    for url in (media["image"], media["image_thumbnail"]["url"]):
        assert app.test_client().get(url).data.startswith(b"\xff\xd8\xff")
    settler = settling.Settler(app)
    settler._settle("local", [file.key for file in pictures()])
    assert [file.unsettled_since for file in pictures()] == [None, None]


@pytest.mark.parametrize("data", [PHOTO, PAPER], ids=["photo", "document"])
@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["gone", "empty"])
def test_what_a_power_cut_took_is_made_again_when_it_is_asked_for(
    app: Flask, data: bytes, lose: Callable[[Path], object]
) -> None:
    media = completed(app, data)
    before = {file.key: path(app, file).read_bytes() for file in pictures()}
    for file in pictures():
        lose(path(app, file))
    answer = app.test_client().get(media["image_thumbnail"]["url"])
    assert answer.status_code == 200
    assert answer.data in before.values()
    assert sum(file.unsettled_since is None for file in pictures()) == 1


def test_what_nobody_asks_for_is_made_again_by_housekeeping(app: Flask) -> None:
    completed(app, PAPER)
    before = {file.key: path(app, file).read_bytes() for file in pictures()}
    for file in pictures():
        path(app, file).unlink()
    settling.remake_overdue(lambda: False)
    assert not any(path(app, file).exists() for file in pictures())  # its own process may still settle it
    db.session.execute(
        update(MediaFile).where(MediaFile.role != Role.FILE).values(unsettled_since=now() - timedelta(hours=1))
    )
    db.session.commit()
    settling.remake_overdue(lambda: False)
    assert {file.key: path(app, file).read_bytes() for file in pictures()} == before
    assert [file.unsettled_since for file in pictures()] == [None, None]


def test_a_preview_that_there_was_no_time_for_is_made_later(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(SCAPI_QUOTA_BYTES=10**9)
    with app.app_context(), monkeypatch.context() as slow:
        slow.setattr(facts, "of_document", lambda _answer: DocumentFacts(2, "Title", preview_later=True))
        media = completed(app, PAPER)
        assert (media["pages"], media["image_width"], media["image_thumbnail"]["width"]) == (2, None, None)
        assert app.test_client().get(media["image"]).status_code == 503  # there is still no time to draw it
    with app.app_context():
        stored = db.session.scalars(select(Media.stored)).one()
        with app.test_client().get(media["image"]) as answer:
            assert answer.data.startswith(b"\xff\xd8\xff")
        db.session.execute(
            update(MediaFile).where(MediaFile.size == 0).values(unsettled_since=now() - timedelta(hours=1))
        )
        db.session.commit()
        settling.remake_overdue(lambda: False)
        assert [(file.is_made, file.unsettled_since) for file in pictures()] == [(True, None)] * 2
        assert db.session.scalar(select(Media.stored)) == stored + sum(file.size for file in pictures())
        now_made = app.test_client().get(f"/api/v2/media/{media['id']}/").json
        assert (now_made["image"], now_made["image_thumbnail"]["url"]) == (
            media["image"],
            media["image_thumbnail"]["url"],
        )
        assert min(now_made["image_width"], now_made["image_thumbnail"]["width"]) > 0
        assert now_made["image_thumbnail"]["color"]


def test_a_page_that_cannot_be_drawn_later_either_has_no_preview(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "of_document", lambda _answer: DocumentFacts(2, None, preview_later=True))
    media = completed(app, PAPER)
    monkeypatch.setattr(facts, "of_document", lambda _answer: DocumentFacts(2, None))
    assert app.test_client().get(media["image"]).status_code == 404
    assert app.test_client().get(media["image_thumbnail"]["url"]).status_code == 404
    found = app.test_client().get(f"/api/v2/media/{media['id']}/").json
    assert (found["image"], found["image_thumbnail"]) == (None, None)


def test_a_settler_settles_what_it_is_given(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "PAUSE", 0)
    completed(app, PHOTO)
    done = []
    monkeypatch.setattr(settling, "mark_settled", lambda place, keys: done.append((place, keys)))
    settled: list[list[str]] = []
    monkeypatch.setattr(storages.of("local"), "settle", settled.append)
    settling.Settler(app)._settle("local", ["a/b"])
    assert (settled, done) == ([["a/b"]], [("local", ["a/b"])])
