"""Requests of clients for links, and checks of every answer."""

import re
import uuid
from typing import Any

import requests

from tests.conftest import token
from tests.running import Server

MEDIA = "/api/v2/media/"
OWNER = token(7)

PAGE = """<title>A page</title><meta name="description" content="About it"><meta name="keywords" content="one, two">
<script type="application/ld+json">{"@type":"Article","about":{"name":"Vienna"}}</script>
<meta property="og:image" content="/a.png"><img src="/b.jpg">"""

TEXTS = [
    "title",
    "description",
    "url",
    "keywords",
    "entities",
    "image",
    "oembed_type",
    "oembed_url",
    "oembed_html",
    "embed_type",
    "embed_id",
]
NUMBERS = ["image_width", "image_height", "oembed_width", "oembed_height", "oembed_duration"]


def post(server: Server, headers: dict[str, str] | None = OWNER, **fields: Any) -> requests.Response:
    return server.request("POST", MEDIA, json=fields, headers=headers)


def make(server: Server, **fields: Any) -> dict[str, Any]:
    answer = post(server, **fields)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def get(server: Server, media: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = server.request("GET", f"{MEDIA}{media['id']}/").json()
    return body


def codes(answer: requests.Response) -> list[tuple[str, str]]:
    return [(error["field"], error["messages"][0]["code"]) for error in answer.json()["errors"]]


def pair() -> dict[str, str]:
    return {"embed_type": "song", "embed_id": uuid.uuid4().hex}


def check_types(media: dict[str, Any]) -> None:
    """Every field of the API is there, in its type."""
    assert type(media["id"]) is int
    assert str(uuid.UUID(media["hash_code"])) == media["hash_code"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", media["added_at"])
    assert media["type"] in ("image", "editor_image", "document", "url", "vimeo", "embed")
    for name in TEXTS:
        assert media[name] is None or (type(media[name]) is str and media[name]), name
    for name in ("url", "image", "oembed_url"):
        assert media[name] is None or media[name].startswith(("http://", "https://")), name
    for name in NUMBERS:
        assert media[name] is None or (type(media[name]) is int and media[name] > 0), name
    assert type(media["order"]) is int
    for name in ("oembed_preview_ready", "oembed_available"):
        assert type(media[name]) is bool, name
    assert media["oembed_type"] in (None, "photo", "video", "link", "rich")
    assert type(media["choice_images"]) is list
    assert all(type(url) is str for url in media["choice_images"])
    if media["embed"] is None:
        assert (media["embed_type"], media["embed_id"]) == (None, None)
    else:
        assert set(media["embed"]) == {"id", "embed_type", "embed_id", "url", "metadata"}
        assert type(media["embed"]["id"]) is int
        assert type(media["embed"]["metadata"]) is dict
        assert (media["embed_type"], media["embed_id"]) == (media["embed"]["embed_type"], media["embed"]["embed_id"])
