"""`@selfcommunity/api-services` in Node: all calls of its MediaService and TagService, and what its forms need."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import files, running
from tests.client import CHUNK, KiB, md5, pieces
from tests.clients.conftest import Failed, Sdk
from tests.previews.sites import Site
from tests.running import SECRET
from tests.tags.making import unique

CHUNK_SIZE = 200 * KiB

MEDIA_TYPE = {
    "id", "added_at", "type", "title", "description", "url", "image", "image_width", "image_height", "image_mimetype",
    "image_thumbnail", "order", "embed", "size", "mimetype",
}  # fmt: skip
"""The fields of `SCMediaType`, the client's own type."""

TAG_TYPE = {
    "id", "type", "name", "description", "color", "visible", "visibility_boost", "created_at", "active", "deleted",
}  # fmt: skip
"""The fields of `SCTagType`."""


def send(sdk: Sdk, data: bytes, name: str, mimetype: str) -> str:
    """Send a file in chunks by the client's HTTP instance, and return the upload's id."""
    upload: dict[str, str] = {}
    for start, piece in pieces(data, CHUNK_SIZE):
        part = {"name": name, "type": mimetype, "base64": base64.b64encode(piece).decode()}
        place = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(data)}"}
        upload = sdk("postForm", CHUNK, {**upload, "image": part}, place)  # the answer is sent back
        assert set(upload) == {"upload_id", "offset", "expires"}
        assert upload["offset"] == str(start + len(piece))
    return upload["upload_id"]


@pytest.fixture
def photo(sdk: Sdk) -> dict[str, Any]:
    """A media of user 7."""
    data = files.jpeg(700, 700, noise=True)
    upload_id = send(sdk, data, "blob", "image/jpeg")
    media: dict[str, Any] = sdk("completeByForm", {"upload_id": upload_id, "type": "image", "md5": md5(data)})
    assert set(media) >= MEDIA_TYPE
    assert requests.get(media["url"], timeout=10).content == data
    return media


def test_its_own_chunk_upload_hears_what_is_wrong(sdk: Sdk) -> None:
    part: dict[str, Any] = {"image": {}}  # what it makes from any form in Node
    with pytest.raises(Failed) as failed:
        sdk("MediaService.chunkUploadMedia", part, 0, 204_799, 500_000)
    assert failed.value.status == 400
    assert "multipart/form-data" in failed.value.body["message"]
    assert failed.value.said == {"fileError": {"error": "required"}}


def test_a_photo(photo: dict[str, Any]) -> None:
    assert (photo["type"], photo["image_width"], photo["image_height"]) == ("image", 700, 700)
    assert (photo["image_mimetype"], photo["mimetype"], photo["embed"]) == ("image/jpeg", "image/jpeg", None)
    assert photo["image_thumbnail"]["url"].startswith("http")
    assert photo["image_thumbnail"]["color"].startswith("#")


def test_a_document_completed_with_json(sdk: Sdk) -> None:
    data = files.pdf(size=500 * KiB)
    upload_id = send(sdk, data, "minutes.pdf", "application/pdf")
    fields = {"upload_id": upload_id, "type": "doc", "md5": md5(data)}
    media = sdk("MediaService.chunkUploadMediaComplete", fields)
    assert (media["type"], media["title"], media["size"]) == ("document", "minutes", len(data))
    assert media["mimetype"] == "application/pdf"
    assert sdk("MediaService.chunkUploadMediaComplete", fields) == media


def test_short_names_of_the_types(new_database: Callable[[str], str], modules: Path, tmp_path: Path) -> None:
    settings = {"SCAPI_DATABASE_URL": new_database("sqlite"), "SCAPI_MEDIA_TYPE_NAMES": "short"}
    with running.scapi(tmp_path, workers=1, **settings) as server, Sdk(server.url) as sdk:
        for data, answered, names in (
            (files.png(), "image", ["image", "file"]),
            (files.png(), "eimage", ["eimage", "editor_image"]),
            (files.pdf(), "doc", ["doc", "document", "file"]),
        ):
            for name in names:
                upload_id = send(sdk, data, "file", "application/octet-stream")
                media = sdk("completeByForm", {"upload_id": upload_id, "type": name, "md5": md5(data)})
                assert media["type"] == answered
                assert sdk("MediaService.getSpecificMedia", media["id"])["type"] == answered


def test_an_upload_that_does_not_match(sdk: Sdk) -> None:
    upload_id = send(sdk, files.gif(), "a.gif", "image/gif")
    with pytest.raises(Failed) as failed:
        sdk("MediaService.chunkUploadMediaComplete", {"upload_id": upload_id, "md5": "0" * 32})
    assert (failed.value.status, failed.value.said) == (400, {"md5Error": {"error": "md5_mismatch"}})


def test_a_link_and_its_image(sdk: Sdk, site: Site) -> None:
    media = sdk("MediaService.createMedia", {"type": "url", "url": f"{site.url}/"})
    assert set(media) >= MEDIA_TYPE
    assert media.pop("delete_token") is None  # a user needs none
    assert (media["type"], media["title"], media["image"]) == ("url", "A page", f"{site.url}/a.png")
    assert media["embed"]["embed_type"] == "sc_link"
    assert set(media["embed"]["metadata"]) >= {"url", "title", "description", "images", "html", "type"}
    changed = sdk("MediaService.updateMedia", media["id"], f"{site.url}/b.jpg")
    assert changed == {**media, "image": f"{site.url}/b.jpg", "image_width": 320, "image_height": 240}
    assert sdk("MediaService.getSpecificMedia", media["id"]) == changed


def test_an_image_by_its_url(sdk: Sdk, site: Site) -> None:
    media = sdk("MediaService.createMedia", {"type": "image", "url": f"{site.url}/b.jpg"})
    assert (media["type"], media["image_width"], media["image_mimetype"]) == ("image", 320, "image/jpeg")


def test_an_embed(sdk: Sdk) -> None:
    embed = {
        "embed_type": "poll",
        "embed_id": unique(),
        "url": "https://polls.example/7",
        "metadata": {"title": "Tea?"},
    }
    media = sdk("MediaService.createMedia", {"type": "embed", "embed": embed})
    assert {name: media["embed"][name] for name in embed} == embed
    with pytest.raises(Failed) as failed:
        sdk("MediaService.createMedia", {"type": "embed", "embed": {**embed, "embed_type": "sc_link"}})
    assert failed.value.said == {"embedTypeError": {"error": "reserved_embed_type"}}


def test_clicks(sdk: Sdk, photo: dict[str, Any]) -> None:
    click = "MediaService.clickMedia"
    assert sdk(click, photo["id"]) == ""
    assert sdk(click, photo["id"], "192.0.2.1") == ""
    assert sdk("MediaService.getSpecificMedia", photo["id"])["clicks"] == 1
    sdk("authorize", None)
    assert sdk(click, photo["id"], "192.0.2.1") == ""
    assert sdk(click, photo["id"]) == ""
    # only an admin may name an address; here it is the same visitor without a token both times
    assert sdk("MediaService.getSpecificMedia", photo["id"])["clicks"] == 2
    with pytest.raises(Failed) as failed:
        sdk(click, photo["id"], "nowhere")
    assert failed.value.said == {"ipError": {"error": "invalid_ip"}}


def test_deleting(sdk: Sdk, photo: dict[str, Any]) -> None:
    for status, asker in ((403, ("authorizeAs", 8, SECRET)), (401, ("authorize", None))):
        sdk(*asker)
        with pytest.raises(Failed) as failed:
            sdk("MediaService.deleteMedia", photo["id"])
        assert failed.value.status == status
    sdk("authorizeAs", 7, SECRET)
    assert sdk("MediaService.deleteMedia", photo["id"]) == ""
    with pytest.raises(Failed) as failed:
        sdk("MediaService.getSpecificMedia", photo["id"])
    assert (failed.value.status, failed.value.said) == (404, {"error": "not_found"})


def test_a_token_that_is_none(sdk: Sdk) -> None:
    sdk("authorize", "expired")
    with pytest.raises(Failed) as failed:
        sdk("TagService.getAllTags")
    assert (failed.value.status, failed.value.said) == (401, {"error": "invalid_token"})


def test_tags(sdk: Sdk) -> None:
    fields = {"name": unique("Tea"), "description": "Green", "color": "#0a0", "type": "user"}
    tag = sdk("TagService.createTag", fields)
    assert set(tag) == TAG_TYPE
    made = {**fields, "color": "#00aa00", "visible": True, "active": True, "visibility_boost": False, "deleted": False}
    assert tag == {**tag, **made}
    assert sdk("TagService.getSpecificTag", tag["id"]) == tag
    first = sdk("TagService.getAllTags")
    assert set(first) == {"count", "next", "previous", "results"}
    assert first["results"][0] == tag
    found = {"count": 1, "next": None, "previous": None, "results": [tag]}
    query = {"limit": 5, "offset": 0, "active": "true", "deleted": "false", "type": "user", "ordering": "-created_at"}
    assert sdk("TagService.getAllTags", {"search": tag["name"], **query}) == found
    assert sdk("TagService.searchUserTags", {"search": tag["name"].lower()}) == found
    assert sdk("TagService.patchTag", tag["id"], {"active": False}) == {**tag, "active": False}
    assert sdk("TagService.patchTag", tag["id"])["active"] is False
    assert sdk("TagService.updateTag", tag["id"], {**fields, "active": True}) == tag
    with pytest.raises(Failed) as failed:
        sdk("TagService.updateTag", tag["id"])
    assert failed.value.said == {"nameError": {"error": "required"}}
    with pytest.raises(Failed) as failed:
        sdk("TagService.createTag", fields)
    assert failed.value.said == {"nameError": {"error": "unique"}}


def test_assigning_tags(sdk: Sdk) -> None:
    person = sdk("TagService.createTag", {"name": unique()})["id"]
    category = sdk("TagService.createTag", {"name": unique(), "type": "category"})["id"]
    assert sdk("TagService.assignATag", person, 7) == ""
    assert sdk("TagService.assignATag", category, None, 12) == ""
    with pytest.raises(Failed) as failed:
        sdk("TagService.assignATag", category, 7)
    assert failed.value.said == {"userError": {"error": "type_mismatch"}}
