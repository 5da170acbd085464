"""The image of a link is chosen by its creator, and a picture on the web becomes an image."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests import client, files
from tests.conftest import token
from tests.media.links.api import MEDIA, OWNER, PAGE, codes, get, make, pair, post
from tests.previews import sites
from tests.previews.sites import Answer, Site
from tests.running import Server


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_creator_chooses_the_image(server: Server, site: Site, method: str) -> None:
    media = make(server, type="url", url=site.put("/chosen", PAGE))
    path = f"{MEDIA}{media['id']}/"
    for how in ({"json": {"image": f"{site.url}/b.jpg"}}, {"data": {"image": f"{site.url}/b.jpg"}}):
        answer = server.request(method, path, headers=OWNER, **how)
        assert answer.status_code == 200, answer.text
        assert [answer.json()[name] for name in ("image", "image_width", "image_height")] == [
            f"{site.url}/b.jpg",
            320,
            240,
        ]
    assert get(server, media)["image"] == f"{site.url}/b.jpg"
    assert get(server, media)["choice_images"] == media["choice_images"]
    assert server.request(method, path, json={"image": "x"}).status_code == 401
    assert server.request(method, path, json={"image": "x"}, headers=token(8)).status_code == 403
    assert server.request(method, f"{MEDIA}999999/", json={"image": "x"}, headers=OWNER).status_code == 404
    for image, found in (
        ("not a url", [("image", "url_forbidden")]),
        ("http://10.0.0.1/a.png", [("image", "url_forbidden")]),
        (site.put("/no-picture", PAGE), [("image", "invalid_image")]),
        (f"{site.url}/gone.png", [("image", "invalid_image")]),
        (None, [("image", "null")]),
        (["x"], [("image", "invalid")]),
    ):
        answer = server.request(method, path, json={"image": image}, headers=OWNER)
        assert (answer.status_code, codes(answer)) == (400, found)
    assert get(server, media)["image"] == f"{site.url}/b.jpg"


def test_without_an_image_put_is_refused_and_patch_changes_nothing(server: Server, site: Site) -> None:
    media = make(server, type="url", url=site.put("/same", PAGE))
    put = server.request("PUT", f"{MEDIA}{media['id']}/", json={}, headers=OWNER)
    assert (put.status_code, codes(put)) == (400, [("image", "required")])
    patch = server.request("PATCH", f"{MEDIA}{media['id']}/", headers=OWNER)
    assert (patch.status_code, patch.json()["image"]) == (200, media["image"])


def test_an_image_that_cannot_be_had_now_is_set_without_a_size(server: Server, site: Site) -> None:
    media = make(server, type="url", url=site.put("/later", PAGE))
    image = site.put("/slow.png", Answer(status=503))
    answer = server.request("PUT", f"{MEDIA}{media['id']}/", json={"image": image}, headers=OWNER)
    assert [answer.json()[name] for name in ("image", "image_width", "image_height")] == [image, None, None]


def test_only_links_have_an_image_to_choose(server: Server, site: Site) -> None:
    for media in (
        make(server, type="embed", **pair()),
        make(server, type="image", url=f"{site.url}/a.png"),
        client.upload(server, files.pdf(), "document", headers=OWNER),
    ):
        answer = server.request("PUT", f"{MEDIA}{media['id']}/", json={"image": f"{site.url}/b.jpg"}, headers=OWNER)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "no_link")
    anonymous = post(server, None, type="url", url=f"{site.url}/missing").json()
    answer = server.request("PUT", f"{MEDIA}{anonymous['id']}/", json={"image": f"{site.url}/b.jpg"}, headers=OWNER)
    assert answer.status_code == 403


def test_a_picture_on_the_web_becomes_an_image(server: Server, site: Site) -> None:
    photo = files.jpeg(640, 480, gps=True)
    media = make(server, type="image", url=site.put("/photos/My%20cat.jpg", Answer(photo, "text/plain")))
    assert (media["type"], media["title"], media["image_width"], media["image_height"]) == ("image", "My cat", 640, 480)
    assert (media["mimetype"], media["url"]) == ("image/jpeg", media["image"])
    assert media["url"].startswith(f"{server.url}/media/{media['hash_code']}/My_cat.jpg")
    served = server.request("GET", media["url"].removeprefix(server.url))
    assert len(served.content) == media["size"]
    with Image.open(BytesIO(served.content)) as image:
        assert image.size == (640, 480)
        assert not image.getexif().get_ifd(0x8825)  # the place
    thumbnail = server.request("GET", media["image_thumbnail"]["url"].removeprefix(server.url))
    assert thumbnail.headers["Content-Type"].startswith("image/")
    assert server.request("DELETE", f"{MEDIA}{media['id']}/", headers=OWNER).status_code == 204
    assert server.request("GET", media["url"].removeprefix(server.url)).status_code == 404


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (Answer(PAGE), 415, "unsupported_file_type"),
        (Answer(files.pdf(), "image/png"), 400, "type_mismatch"),
        (Answer(files.truncated(files.jpeg(640, 480, noise=True), 0.3), "image/jpeg"), 400, "invalid_image"),
        (Answer(bytes(200_001), "image/png"), 413, "file_too_large"),
        (Answer(b"", "image/png"), 415, "unsupported_file_type"),
        (Answer("x", status=404), 400, "image_unavailable"),
        (Answer("x", status=500), 400, "image_unavailable"),
        (sites.slow_body, 400, "image_unavailable"),
        (sites.silent, 400, "image_unavailable"),
        (sites.redirect("http://10.0.0.1/"), 400, "image_unavailable"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_picture_becomes_no_media(server: Server, site: Site, answer: Any, status: int, code: str) -> None:
    refused = post(server, type="image", url=site.put("/picture", answer))
    assert (refused.status_code, code in refused.text) == (status, True), refused.text


def test_the_limits_of_uploads_hold_for_pictures(server: Server, site: Site) -> None:
    bomb = post(server, type="image", url=site.put("/bomb", Answer(files.png_bomb(20_000, 10_000), "image/png")))
    assert (bomb.status_code, "too_many_pixels" in bomb.text) == (400, True)
