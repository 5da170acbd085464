"""Renditions: offered with the media, made afterwards, and served."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image

from scapi.database import db
from scapi.events.signals import Event, media_deleted
from scapi.media.models import Media
from tests import files
from tests.media.completing import completed
from tests.media.renditions.making import PHOTO, made, make, seen


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
        assert media["image"] not in media["srcset"]  # there is a WebP of the same width
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
