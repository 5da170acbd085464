"""Renditions: offered with the media, made afterwards, each once, and gone with it."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import null, select, update

from scapi import storage as storages
from scapi.cli import cli
from scapi.database import db, now
from scapi.events.signals import Event, media_deleted
from scapi.media import deletion
from scapi.media.models import Media, MediaFile, Role, StaleFile
from scapi.media.renditions import asking, backlog, maker, making
from storage_backends import Unavailable
from tests import files
from tests.client import CHUNK, COMPLETE, md5

PHOTO = files.jpeg(1400, 1050, exif_orientation=6, gps=True)  # 1050 x 1400 as it is shown


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nothing by itself, and wait for nothing."""
    monkeypatch.setattr(maker, "wake", lambda: None)
    monkeypatch.setattr(asking, "PATIENCE", 0)


def completed(app: Flask, data: bytes) -> dict[str, Any]:
    client = app.test_client()
    upload_id = client.post(CHUNK, data={"image": (BytesIO(data), "file")}).get_json()["upload_id"]
    answer = client.post(COMPLETE, data={"upload_id": upload_id, "md5": md5(data)})
    assert answer.status_code == 201, answer.text
    media: dict[str, Any] = answer.get_json()
    return media


def seen(app: Flask, media: dict[str, Any]) -> dict[str, Any]:
    """The media as it is told of now."""
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


def test_a_photo_is_offered_at_once_and_made_afterwards(app: Flask) -> None:
    media = completed(app, PHOTO)
    sizes = [(one["width"], one["height"], one["mimetype"]) for one in media["renditions"]]
    assert sizes == [
        (320, 427, "image/webp"),
        (320, 427, "image/jpeg"),
        (640, 853, "image/webp"),
        (640, 853, "image/jpeg"),
    ]
    webp = [one["url"] for one in media["renditions"] if one["mimetype"] == "image/webp"]
    assert media["srcset"] == f"{webp[0]} 320w, {webp[1]} 640w, {media['image']} 1050w"
    assert len(media["image_thumbnail"]["blurhash"]) == 28
    client = app.test_client()
    before = client.get(webp[0])
    assert (before.status_code, before.location) == (302, media["image"])
    assert before.headers["Cache-Control"] == "no-store"
    assert before.headers["X-Content-Type-Options"] == "nosniff"
    make()
    for one in media["renditions"]:
        answer = client.get(one["url"])
        assert (answer.status_code, answer.mimetype) == (200, one["mimetype"])
        assert "immutable" in answer.headers["Cache-Control"]
        with Image.open(BytesIO(answer.data)) as image:
            assert image.size == (one["width"], one["height"])
            assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info)
            corner = image.convert("RGB").crop((0, 0, 9, 9)).resize((1, 1)).tobytes()
            assert (corner[0] < 60, corner[1] < 60, corner[2] > 200) == (True, True, True)  # turned: blue is on top
    assert seen(app, media)["renditions"] == media["renditions"]


@pytest.mark.parametrize(
    ("data", "types"),
    [
        (files.png(400, 300), ["image/webp", "image/jpeg"]),
        (files.saved(Image.new("RGBA", (400, 300), (10, 20, 30, 90)), "PNG"), ["image/webp", "image/png"]),
        (files.pdf(), ["image/webp", "image/jpeg"] * 2),
        (files.png(319, 300), []),
        (files.saved(files.picture(320, 17_000), "JPEG"), []),
    ],
    ids=["opaque", "transparent", "document", "small", "longer than a WebP can be"],
)
def test_what_is_offered(app: Flask, data: bytes, types: list[str]) -> None:
    media = completed(app, data)
    assert [one["mimetype"] for one in media["renditions"]] == types
    assert (media["srcset"] is None) == (not types)
    make()
    assert [file.mimetype for file in made()] == types
    assert all(app.test_client().get(one["url"]).status_code == 200 for one in media["renditions"])


def test_an_animation_stays_one_up_to_a_bound(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    gif = files.saved(
        Image.new("P", (400, 300)),
        "GIF",
        save_all=True,
        append_images=[files.picture(400, 300).rotate(turn).convert("P") for turn in (0, 90)],
        duration=[100, 200, 300],
        loop=0,
    )
    media = completed(app, gif)
    make()
    webp, jpeg = (app.test_client().get(one["url"]).data for one in media["renditions"])
    with Image.open(BytesIO(webp)) as image:
        assert (getattr(image, "n_frames", 1), image.info["loop"]) == (3, 0)
    with Image.open(BytesIO(jpeg)) as image:
        assert getattr(image, "n_frames", 1) == 1
    monkeypatch.setattr("scapi.formats.renditions.MAX_ANIMATION_PIXELS", 300_000)
    assert completed(app, gif)["renditions"] == []


def test_settings_say_which(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_RENDITION_WIDTHS="100,50,100", SCAPI_RENDITION_AVIF="true")
    with app.app_context():
        media = completed(app, files.png(100, 80))
        make()
        offered = [(one["width"], one["mimetype"]) for one in media["renditions"]]
        types = ("image/avif", "image/webp", "image/jpeg")
        assert offered == [(width, mimetype) for width in (50, 100) for mimetype in types]
        assert [file.mimetype for file in made()] == [*types, *types]
        assert " 50w, " in media["srcset"]
        assert media["image"] not in media["srcset"]  # there is a WebP as wide
        db.session.remove()
    without = make_app(SCAPI_RENDITION_WIDTHS="")
    with without.app_context():
        assert completed(without, PHOTO)["renditions"] == []
        db.session.remove()


def test_other_names_are_not_found(app: Flask) -> None:
    media = completed(app, PHOTO)
    base = media["image"].rpartition("/")[0]
    for name in ("_321.webp", "_2048.webp", "_320.png", "320.webp", "_320.webp%00"):
        assert app.test_client().get(f"{base}/{name}").status_code == 404
    assert app.test_client().get("/media/5dfe2ef5-1b28-417e-b650-0e7ec1ed126c/_320.webp").status_code == 404


def test_what_is_asked_for_goes_first(app: Flask) -> None:
    first, second = completed(app, PHOTO), completed(app, files.jpeg(800, 600))
    due_now()
    db.session.execute(update(Media).where(Media.id == second["id"]).values(renditions_due_at=now() - backlog.FRONT))
    db.session.commit()
    app.test_client().get(first["renditions"][0]["url"])
    app.test_client().get(first["renditions"][1]["url"])
    assert [backlog.claim(), backlog.claim()] == [backlog.Claimed(first["id"], 1), backlog.Claimed(second["id"], 1)]
    app.test_client().get(first["renditions"][0]["url"])  # whoever has claimed it is at it
    assert backlog.claim() is None


def test_two_hosts_make_a_media_once(app: Flask) -> None:
    completed(app, PHOTO)
    mine = backlog.claim()
    assert mine
    assert backlog.claim() is None
    due_now()  # as if the first one were dead
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
    assert len([key for key in remembered if "rendition" in key]) == 4  # the sweeper looks once more


def test_deletion_between_looking_and_committing_leaves_nothing(app: Flask) -> None:
    """A job ends after the deletion has read the media, and before it deletes it."""
    media = completed(app, PHOTO)
    row = db.session.get_one(Media, media["id"])
    _ = row.files
    db.session.expunge_all()
    db.session.rollback()
    make()
    deletion.delete(db.session.get_one(Media, media["id"]), None)
    assert stored(app) == set()


def test_they_do_not_count_for_the_quota(app: Flask) -> None:
    media = completed(app, PHOTO)
    before = db.session.get_one(Media, media["id"]).stored
    make()
    assert db.session.get_one(Media, media["id"]).stored == before


def test_events_name_them(app: Flask) -> None:
    media = completed(app, PHOTO)
    heard: list[Event] = []

    def hear(_sender: Flask, event: Event) -> None:
        heard.append(event)

    token = {"Scapi-Delete-Token": media["delete_token"]}
    with media_deleted.connected_to(hear):
        assert app.test_client().delete(f"/api/v2/media/{media['id']}/", headers=token).status_code == 204
    urls = [media["image"], media["image_thumbnail"]["url"], *(one["url"] for one in media["renditions"])]
    assert heard[0].data["urls"] == urls


def test_a_read_only_service_makes_none(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    with app.app_context():
        media = completed(app, PHOTO)
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        db.session.remove()
    reading = make_app(SCAPI_DATABASE_URL=url, SCAPI_READ_ONLY="true")
    answer = reading.test_client().get(media["renditions"][0]["url"])
    assert (answer.status_code, answer.location) == (302, media["image"])
    with app.app_context():
        assert db.session.get_one(Media, media["id"]).rendition_attempts == 0
        db.session.remove()


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
