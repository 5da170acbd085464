"""`scapi media clean`: files that were stored before the current rules."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scapi.database import db
from scapi.events.signals import Event, media_updated
from scapi.formats import cleaning
from scapi.media import cleanup
from scapi.media.cleanup import Outcome
from scapi.media.models import Media, MediaFile, Role
from scapi.storage import storage
from scapi.uploads.keys import keys_of
from scapi.uploads.rules import key_of, new_id
from storage_backends import NotFound, Unavailable
from tests import files
from tests.client import fetch, md5, upload
from tests.running import Server

PHOTO = files.jpeg(300, 200, gps=True, exif_orientation=6)
CLEAN = cleaning.cleaned(PHOTO, "image/jpeg")


def keep(data: bytes, suffix: str = "", mimetype: str = "image/jpeg") -> int:
    """Store a media's file like an older version; return the media's id."""
    key = key_of(new_id()) + suffix
    storage.save(key, BytesIO(data), mimetype)
    file = MediaFile(
        role=Role.FILE, name="a.jpg", title="a.jpg", key=key, mimetype=mimetype, size=len(data), width=1, height=1
    )
    media = Media(type="image", files=[file], stored=len(data) + 100)
    db.session.add(media)
    db.session.commit()
    return media.id


def file_of(media_id: int) -> MediaFile:
    db.session.rollback()
    return db.session.scalars(select(MediaFile).where(MediaFile.media_id == media_id)).one()


def outcomes(**options: bool) -> list[Outcome]:
    return [result.outcome for result in cleanup.clean(**options)]


@pytest.fixture
def heard(app: Flask) -> Iterator[list[Event]]:
    """The events of updated media."""
    events: list[Event] = []

    def receive(_: Flask, event: Event) -> None:
        events.append(event)

    with media_updated.connected_to(receive):
        yield events


def test_a_file_gets_a_new_key_and_an_event_names_what_to_purge(app: Flask, heard: list[Event]) -> None:
    dirty, plain = keep(PHOTO), keep(files.jpeg(), ".clean")
    before, untouched = file_of(dirty).key, file_of(plain).key
    assert cleanup.left() == 2
    assert outcomes() == [Outcome.CLEANED, Outcome.UNCHANGED]
    file = file_of(dirty)
    with storage.open(file.key) as stream:
        assert stream.read() == CLEAN
    assert file.key != before
    assert file.key in keys_of(before.rpartition("/")[2])
    assert (file.size, file.md5_served) == (len(CLEAN), md5(CLEAN))
    assert db.session.get_one(Media, dirty).stored == len(CLEAN) + 100
    with pytest.raises(NotFound):
        storage.open(before)
    assert file_of(plain).key == untouched
    assert [event.data["media"]["id"] for event in heard] == [dirty]
    assert heard[0].data["urls"] == [heard[0].data["media"]["url"]]
    assert cleanup.left() == 0
    assert outcomes() == []


def test_a_dry_run_changes_nothing(app: Flask, heard: list[Event]) -> None:
    media_id = keep(PHOTO)
    before = file_of(media_id).key
    assert outcomes(dry_run=True) == [Outcome.CLEANED]
    assert (file_of(media_id).key, cleanup.left(), heard) == (before, 1, [])


def test_it_goes_on_after_a_failure_and_where_it_was_stopped(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 2)
    ids = [keep(PHOTO) for _ in range(5)]
    lost, broken = file_of(ids[1]), keep(PHOTO[:100])
    storage.delete(lost.key)
    run = cleanup.clean()
    assert next(run).outcome == Outcome.CLEANED
    run.close()
    assert cleanup.left() == 5
    assert outcomes() == [Outcome.FAILED, *[Outcome.CLEANED] * 3, Outcome.FAILED]
    assert cleanup.left() == 2
    assert file_of(broken).cleaned is None


def test_a_crash_after_the_file_was_written_is_made_good(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    media_id = keep(PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr("scapi.media.files.forget", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            outcomes()
    assert file_of(media_id).cleaned is None
    assert outcomes() == [Outcome.CLEANED]


@pytest.mark.parametrize("what", ["deleted", "cleaned by another"])
def test_what_happens_to_the_media_meanwhile_counts(app: Flask, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    media_id = keep(PHOTO)
    original = storage.save_named
    keys: list[str] = []

    def meanwhile(key: str, *rest: Any) -> None:
        original(key, *rest)
        if not keys:
            keys.append(key)
            if what == "deleted":
                db.session.delete(db.session.get_one(Media, media_id))
                db.session.commit()
            else:
                assert outcomes() == [Outcome.CLEANED]

    monkeypatch.setattr(storage, "save_named", meanwhile)
    assert outcomes() == [Outcome.GONE]
    if what == "deleted":
        with pytest.raises(NotFound):
            storage.open(keys[0])
    else:
        assert file_of(media_id).key == keys[0]
        storage.open(keys[0]).close()


def test_a_store_that_is_away_is_a_failure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(PHOTO)

    def away(*_: Any) -> None:
        raise Unavailable("the store is away")

    monkeypatch.setattr(storage, "open", away)
    assert outcomes() == [Outcome.FAILED]


def test_the_command_as_an_operator_runs_it(serve: Callable[..., AbstractContextManager[Server]]) -> None:
    with serve(("sqlite", "local"), workers=1, SCAPI_STRIP_METADATA="false") as server:
        media = upload(server, PHOTO)
        before = fetch(server, media["url"])
        assert before.content == PHOTO
        cleaner = dataclasses.replace(server, settings={**server.settings, "SCAPI_STRIP_METADATA": "true"})
        assert cleaner.scapi("media", "clean", "--left") == "1\n"
        said = "0 had nothing to remove; 0 failed;"
        assert cleaner.scapi("media", "clean", "--dry-run") == f"would clean 1 files; {said} 1 are left\n"
        assert cleaner.scapi("media", "clean") == f"cleaned 1 files; {said} 0 are left\n"
        after = fetch(server, media["url"], headers={"If-None-Match": before.headers["ETag"]})
        assert (after.status_code, after.content) == (200, CLEAN)
        assert after.headers["ETag"] != before.headers["ETag"]
        detail = server.request("GET", f"/api/v2/media/{media['id']}/").json()
        assert (detail["url"], detail["size"]) == (media["url"], len(CLEAN))
