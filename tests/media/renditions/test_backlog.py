"""The backlog of renditions: order, retries, and deletions."""

import pytest
from flask import Flask
from sqlalchemy import null, select, update

from scapi import storage as storages
from scapi.cli import cli
from scapi.database import db, now
from scapi.media import deletion
from scapi.media.models import Media, StaleFile
from scapi.media.renditions import backlog, making
from storage_backends import Unavailable
from tests import files
from tests.media.completing import completed
from tests.media.renditions.making import PHOTO, due_now, made, make, seen, stored


def test_what_is_asked_for_goes_first(app: Flask) -> None:
    first, second = completed(app, PHOTO), completed(app, files.jpeg(800, 600))
    due_now()
    db.session.execute(update(Media).where(Media.id == second["id"]).values(renditions_due_at=now() - backlog.FRONT))
    db.session.commit()
    app.test_client().get(first["renditions"][0]["url"])
    app.test_client().get(first["renditions"][1]["url"])
    assert [backlog.claim(), backlog.claim()] == [backlog.Claimed(first["id"], 1), backlog.Claimed(second["id"], 1)]
    app.test_client().get(first["renditions"][0]["url"])  # it is claimed already
    assert backlog.claim() is None


def test_two_hosts_make_a_media_once(app: Flask) -> None:
    completed(app, PHOTO)
    mine = backlog.claim()
    assert mine
    assert backlog.claim() is None
    due_now()  # as if the first process were dead
    others = backlog.claim()
    assert others
    making._make(others)
    making._make(mine)
    assert len(made()) == 4
    assert stored(app) == {file.key for file in made()}


def test_after_three_failures_there_are_none(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    media = completed(app, PHOTO)
    monkeypatch.setattr("scapi.inspection.questions.RENDITION_MEMORY_BYTES", 0)
    for _ in range(3):
        due_now()
        make()
    assert seen(app, media)["renditions"] == []
    assert app.test_client().get(media["renditions"][0]["url"]).status_code == 404
    assert stored(app) == set()
    due_now()
    make()  # nothing is planned any more


def test_a_process_that_dies_counts_too(app: Flask) -> None:
    media = completed(app, PHOTO)
    for _ in range(3):
        assert backlog.claim()
        due_now()
    assert backlog.claim() is None
    assert seen(app, media)["srcset"] is None


def test_a_storage_that_is_away_does_not(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    completed(app, PHOTO)

    def away(*_: object) -> bool:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(storages.of("local")), "save_soon", away)
        for _ in range(4):
            due_now()
            make()
    due_now()
    make()
    assert len(made()) == 4


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_deleting_a_media_leaves_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    media = completed(app, PHOTO)

    def delete(*_: object) -> None:
        deletion.delete(db.session.get_one(Media, media["id"]), None)

    if when == "during":
        save = making._save
        monkeypatch.setattr(making, "_save", lambda pictures: (delete(), save(pictures)))
        make()
    elif when == "before":
        delete()
        make()
    else:
        make()
        assert len(stored(app)) == 4
        delete()
    assert (stored(app), made()) == (set(), [])
    remembered = set(db.session.scalars(select(StaleFile.key)))
    assert len([key for key in remembered if "rendition" in key]) == 4  # the sweeper checks once more


def test_deletion_between_looking_and_committing_leaves_nothing(app: Flask) -> None:
    """A job ends after the deletion has read the media and before it deletes the media."""
    media = completed(app, PHOTO)
    row = db.session.get_one(Media, media["id"])
    _ = row.files
    db.session.expunge_all()
    db.session.rollback()
    make()
    deletion.delete(db.session.get_one(Media, media["id"]), None)
    assert stored(app) == set()


def test_pictures_of_before_are_planned_by_a_command(app: Flask) -> None:
    media = [completed(app, data) for data in (PHOTO, files.png(100, 80), files.pdf())]
    db.session.execute(update(Media).values(rendition_plan=null(), renditions_due_at=None))
    db.session.commit()
    assert seen(app, media[0])["renditions"] == []
    for option in (["--dry-run"], []):
        done = app.test_cli_runner().invoke(cli, ["renditions", "plan", *option], catch_exceptions=False)
        assert "offer 2 media" in done.output
    assert [seen(app, one)["renditions"] for one in media] == [one["renditions"] for one in media]
    done = app.test_cli_runner().invoke(cli, ["housekeeping", "--once", "--job", "renditions"], catch_exceptions=False)
    assert len(made()) == 8
    shown = app.test_cli_runner().invoke(cli, ["media", "show", str(media[0]["id"])], catch_exceptions=False)
    assert shown.output.count("role=rendition") == 4
