"""The operator's commands other than moves and checks: media, users, thumbnails."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from scapi.cli import cli
from scapi.database import db, now
from scapi.events.models import Delivery
from scapi.housekeeping import moving
from scapi.inspection import facts
from scapi.inspection.facts import DocumentFacts
from scapi.media import settling
from scapi.media.models import Media, MediaFile, MediaType, Role, StaleFile
from scapi.media.renditions import maker
from tests import files, servers
from tests.client import CHUNK, COMPLETE, chunk_form, md5
from tests.conftest import token
from tests.running import settings_of

MEDIA = "/api/v2/media/"
PHOTO = files.jpeg()


def upload(app: Flask, user: int | None = None, content: bytes = PHOTO) -> dict[str, Any]:
    client, mine = app.test_client(), token(user) if user is not None else {}
    sent = client.post(CHUNK, **chunk_form(content), headers=mine).get_json()
    form = {"upload_id": sent["upload_id"], "md5": md5(content)}
    media: dict[str, Any] = client.post(COMPLETE, data=form, headers=mine).get_json()
    return media


def run(app: Flask, *arguments: str, code: int = 0) -> str:
    done = app.test_cli_runner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def test_media_are_listed_shown_and_deleted(app: Flask) -> None:
    nobodys, mine = upload(app), upload(app, 7)
    listed = json.loads(run(app, "media", "list", "--json"))
    assert [(one["id"], one["user_id"]) for one in listed] == [(mine["id"], 7), (nobodys["id"], None)]
    assert f"{mine['id']}  " in run(app, "media", "list", "--user", "7")
    found = json.loads(run(app, "media", "list", "--md5", md5(PHOTO), "--user", "none", "--json"))
    assert [one["id"] for one in found] == [nobodys["id"]]
    shown = json.loads(run(app, "media", "show", str(mine["id"]), "--json"))
    assert {file["role"] for file in shown["files"]} == {"file", "thumbnail"}
    assert shown["files"][0]["md5_sent"] == md5(PHOTO)
    path = "/media/" + mine["url"].partition("/media/")[2]
    assert path in run(app, "media", "delete", str(mine["id"]), "--dry-run")
    assert app.test_client().get(path).status_code == 200
    assert path in run(app, "media", "delete", str(mine["id"]))
    assert app.test_client().get(path).status_code == 404
    run(app, "media", "delete", str(mine["id"]), code=1)


def test_a_user_is_purged(app: Flask) -> None:
    for _ in range(3):
        upload(app, 7)
    kept = upload(app, 8)
    unfinished = app.test_client().post(CHUNK, **chunk_form(PHOTO), headers=token(7)).get_json()["upload_id"]
    usage = json.loads(run(app, "users", "usage", "--json"))
    assert [(one["user_id"], one["media"]) for one in usage] == [(7, 3), (8, 1)]
    assert run(app, "users", "purge", "7", "--dry-run") == "would delete 3 media and 1 unfinished uploads\n"
    assert run(app, "users", "purge", "7") == "deleted 3 media and 1 unfinished uploads\n"
    assert run(app, "users", "usage", "--user", "7") == ""
    gone = app.test_client().get(f"{MEDIA}upload/{unfinished}/", headers=token(7))
    assert gone.status_code == 404
    assert app.test_client().get(f"{MEDIA}{kept['id']}/").status_code == 200


def test_lost_thumbnails_are_made_again(app: Flask) -> None:
    media = upload(app)
    row = db.session.scalars(select(MediaFile).where(MediaFile.role == Role.THUMBNAIL)).one()
    path = Path(settings_of(app).data_dir, "files", row.key)
    before = path.read_bytes()
    path.unlink()
    run(app, "check", "--fix", "--expect", "1")
    assert run(app, "thumbnails", "refresh", "--dry-run") == "would make 1 pictures\n"
    assert run(app, "thumbnails", "refresh") == "made 1 pictures; 0 failed\n"
    assert path.read_bytes() == before
    url = media["image_thumbnail"]["url"]
    assert app.test_client().get("/media/" + url.partition("/media/")[2]).status_code == 200
    assert run(app, "thumbnails", "refresh") == "made 0 pictures; 0 failed\n"


def test_a_preview_that_is_made_later_is_not_lost(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as slow:
        slow.setattr(facts, "of_document", lambda _answer: DocumentFacts(1, None, preview_later=True))
        media = upload(app, content=files.pdf())
    assert "0 lost, 0 damaged" in run(app, "check", "--bytes")
    assert run(app, "thumbnails", "refresh", "--media", str(media["id"])) == "made 2 pictures; 0 failed\n"
    assert "0 lost, 0 damaged" in run(app, "check", "--bytes")


def renditions() -> Sequence[MediaFile]:
    db.session.rollback()
    return db.session.scalars(select(MediaFile).where(MediaFile.role == Role.RENDITION)).all()


def test_lost_renditions_are_made_again(make_app: Callable[..., Flask]) -> None:
    with make_app(SCAPI_RENDITION_WIDTHS=[320]).app_context() as context:
        app = context.app
        media = upload(app, content=files.jpeg(640, 480))
        servers.wait_until(lambda: bool(renditions()), 60, "renditions")  # which are made in the background
        lost = renditions()
        paths = [Path(settings_of(app).data_dir, "files", row.key) for row in lost]
        for path in paths:
            path.unlink()
        run(app, "check", "--fix", "--expect", str(len(paths)))
        address = f"/media/{media['hash_code']}/{lost[0].name}"
        assert app.test_client().get(address).status_code == 410
        assert run(app, "thumbnails", "refresh") == f"made {len(paths)} pictures; 0 failed\n"
        run(app, "housekeeping", "--once", "--job", "renditions")
        servers.wait_until(lambda: len(renditions()) == len(paths), 60, "renditions again")
        assert all(path.exists() for path in paths)
        run(app, "check", "--bytes")
        run(app, "media", "delete", str(media["id"]))
        assert not any(path.exists() for path in paths)


def test_what_is_due_is_counted_before_it_is_done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "make_soon", lambda: None)
    for number in range(2):
        upload(app, content=files.jpeg(640, 480, seed=number, noise=True))
    app.extensions["scapi.settler"].stop()
    late = now() - 2 * max(settling.OVERDUE, timedelta(hours=1))
    db.session.execute(update(MediaFile).where(MediaFile.role == Role.THUMBNAIL).values(unsettled_since=late))
    db.session.add(Delivery(event_id="1", type="media.created", url="http://127.0.0.1:1/", body="{}", due_at=late))
    db.session.add(Media(type=MediaType.URL, url="http://127.0.0.1:1/"))
    db.session.add(StaleFile(key="ab/deleted", since=late))
    db.session.commit()
    due = {"sweep": 1, "previews": 1, "pictures": 2, "renditions": 2, "webhooks": 1}
    for _ in range(2):  # nothing is changed by it
        assert json.loads(run(app, "housekeeping", "--dry-run", "--json")) == {"dry_run": True, "due": due}
    assert run(app, "housekeeping", "--dry-run", "--job", "pictures") == "pictures: 2 due\n"
    said = json.loads(run(app, "housekeeping", "--once", "--json", "--job", "sweep", "--job", "pictures"))
    assert said == {"dry_run": False, "jobs": ["sweep", "pictures"], "failed": []}
    left = json.loads(run(app, "housekeeping", "--dry-run", "--json"))["due"]
    assert left == {**due, "sweep": 0, "pictures": 0}


@pytest.mark.parametrize("is_current", [True, False])
def test_a_copy_of_a_database_says_if_it_missed_something(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_current: bool
) -> None:
    states = iter([[1], [1 if is_current else 2]])
    monkeypatch.setattr(moving, "_state", lambda _: next(states))
    target = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    done = app.test_cli_runner().invoke(cli, ["database", "copy", "--to", target], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert ("rows were written during the copy" in done.stderr) == (not is_current)
