"""Media: their fields, their files, and their deletion."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests import files
from tests.client import KiB, fetch, refusal, upload
from tests.conftest import token
from tests.formats.heics import heic
from tests.running import Server

SPEC_FIELDS = {
    "id", "hash_code", "added_at", "type", "title", "description", "url", "keywords", "entities", "image",
    "image_width", "image_height", "oembed_type", "oembed_url", "oembed_width", "oembed_height", "oembed_duration",
    "oembed_html", "oembed_preview_ready", "oembed_available", "order", "choice_images", "embed_type", "embed_id",
}  # fmt: skip


def test_every_field_of_the_spec_is_there(server: Server) -> None:
    media = upload(server, files.jpeg(300, 200), "image", filename="lake.jpg")
    assert set(media) >= SPEC_FIELDS
    assert media.pop("delete_token")  # only this answer has it
    nothing = {name for name in SPEC_FIELDS if media[name] is None}
    assert nothing == SPEC_FIELDS - {
        "id", "hash_code", "added_at", "type", "title", "url", "image", "image_width", "image_height", "order",
        "oembed_preview_ready", "oembed_available", "choice_images",
    }  # fmt: skip
    assert (media["order"], media["oembed_available"], media["oembed_preview_ready"]) == (0, False, False)
    assert server.request("GET", f"/api/v2/media/{media['id']}/").json() == media


@pytest.mark.parametrize(
    ("make", "mimetype"),
    [(files.jpeg, "image/jpeg"), (files.png, "image/png"), (files.gif, "image/gif"), (files.webp, "image/webp")],
)
def test_images(server: Server, make: Any, mimetype: str) -> None:
    data = make(width=300, height=200)
    media = upload(server, data, filename="wrong.exe")
    assert (media["image_width"], media["image_height"]) == (300, 200)
    assert (media["mimetype"], media["image_mimetype"], media["size"]) == (mimetype, mimetype, len(data))
    answer = fetch(server, media["image"])
    assert answer.content == data
    assert answer.headers["Content-Type"] == mimetype
    thumbnail = media["image_thumbnail"]
    assert (thumbnail["width"], thumbnail["height"]) == (300, 200)
    assert fetch(server, thumbnail["url"]).status_code == 200


def test_a_heic_is_served_as_a_jpeg(server: Server) -> None:
    sent = heic(300, 200, orientation=6, tile=128)
    media = upload(server, sent, filename="IMG_0001.HEIC")
    assert (media["image_width"], media["image_height"]) == (200, 300)
    assert (media["mimetype"], media["image_mimetype"], media["title"]) == ("image/jpeg", "image/jpeg", "IMG_0001")
    assert media["url"].endswith("/IMG_0001.jpg")
    answer = fetch(server, media["url"])
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == "inline; filename=IMG_0001.jpg"
    assert len(answer.content) == media["size"] != len(sent)
    with Image.open(BytesIO(answer.content), formats=["JPEG"]) as image:
        assert (image.size, dict(image.getexif())) == ((200, 300), {})


def test_an_avif_is_served_as_it_came(server: Server) -> None:
    sent = files.saved(files.picture(300, 200), "AVIF")
    media = upload(server, sent, filename="a.avif")
    assert (media["mimetype"], media["image_width"], media["size"]) == ("image/avif", 300, len(sent))
    assert fetch(server, media["url"]).content == sent


def test_a_photo_taken_upright_has_the_size_that_a_viewer_shows(server: Server) -> None:
    media = upload(server, files.jpeg(300, 200, exif_orientation=6))
    assert (media["image_width"], media["image_height"]) == (200, 300)
    assert media["image_thumbnail"]["width"] < media["image_thumbnail"]["height"]


def test_the_place_is_taken_out_of_what_is_served(server: Server, tmp_path: Any) -> None:
    sent = files.jpeg(300, 200, gps=True, exif_orientation=6)
    media = upload(server, sent)
    served = tmp_path / "served.jpg"
    served.write_bytes(fetch(server, media["url"]).content)
    original = tmp_path / "original.jpg"
    original.write_bytes(sent)
    with Image.open(served) as after, Image.open(original) as before:
        assert before.getexif().get_ifd(0x8825)
        assert not after.getexif().get_ifd(0x8825)
        assert after.getexif()[0x0112] == 6
        assert after.tobytes() == before.tobytes()


def test_a_document(server: Server) -> None:
    data = files.pdf(3, size=300 * KiB)
    media = upload(server, data, "document", filename="minutes.pdf")
    assert (media["type"], media["title"], media["pages"], media["mimetype"]) == (
        "document", "minutes", 3, "application/pdf",
    )  # fmt: skip
    assert media["image_mimetype"] == "image/jpeg"
    assert media["image_height"] > media["image_width"] > 100
    assert fetch(server, media["image"]).headers["Content-Type"] == "image/jpeg"
    answer = fetch(server, media["url"])
    assert answer.content == data
    assert answer.headers["Content-Disposition"] == "attachment; filename=minutes.pdf"


def test_a_document_that_needs_a_password(server: Server) -> None:
    media = upload(server, files.pdf(2, password="secret"), "document")
    assert (media["pages"], media["image"], media["image_thumbnail"]) == (None, None, None)


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=0-999999999", 206, slice(None)),
        ("bytes=999999999-", 416, None),
    ],
)
def test_ranges(server: Server, asked: str, status: int, part: slice | None) -> None:
    data = files.jpeg(300, 200)
    media = upload(server, data)
    answer = fetch(server, media["url"], headers={"Range": asked})
    assert answer.status_code == status
    if part is not None:
        assert answer.content == data[part]
        assert answer.headers["Content-Length"] == str(len(data[part]))


def test_other_names_and_codes_are_not_found(server: Server) -> None:
    media = upload(server, files.jpeg(300, 200))
    code = media["hash_code"]
    for path in (f"/media/{code}/other.jpg", f"/media/{code}/", f"/media/{code}/..%2f..%2fjwt-secret", "/media/x/y"):
        assert server.request("GET", path).status_code == 404


def test_only_the_creator_deletes_a_media(server: Server) -> None:
    media = upload(server, files.jpeg(300, 200), headers=token(7))
    path = f"/api/v2/media/{media['id']}/"
    answer = server.request("DELETE", path)
    refusal(answer, 401, "anonymous")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    refusal(server.request("DELETE", path, headers=token(8)), 403, "not_creator")
    answer = server.request("DELETE", path, headers=token(7))
    assert (answer.status_code, answer.content) == (204, b"")
    refusal(server.request("GET", path), 404, "not_found")
    for url in (media["url"], media["image_thumbnail"]["url"]):
        refusal(fetch(server, url), 404, "not_found")


def test_an_anonymous_media_has_no_creator(server: Server) -> None:
    media = upload(server, files.jpeg(300, 200))
    refusal(server.request("DELETE", f"/api/v2/media/{media['id']}/", headers=token(7)), 403, "not_creator")


@pytest.mark.parametrize("unknown", ["0", "999999999", "9223372036854775807", "9223372036854775808", "x"])
def test_unknown_media(server: Server, unknown: str) -> None:
    assert server.request("GET", f"/api/v2/media/{unknown}/").status_code == 404
