"""Bodies that create a media from a URL or an embed, and bodies that are refused."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask

from tests.media.links.api import MEDIA, OWNER, PAGE, codes, pair, post
from tests.previews.sites import Site
from tests.running import Server


@pytest.mark.parametrize("content_type", ["json", "urlencoded", "multipart"])
def test_every_kind_of_body(server: Server, site: Site, content_type: str) -> None:
    link = {"type": "url", "url": site.put("/body", PAGE)}
    nested = {
        "embed_type": "song",
        "embed_id": uuid.uuid4().hex,
        "url": "https://example.com/s",
        "metadata": {"a": [1]},
    }
    flat = {"type": "embed", **pair()}

    def send(fields: dict[str, Any]) -> requests.Response:
        if content_type == "json":
            return server.request("POST", MEDIA, json=fields)
        text = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in fields.items()}
        if content_type == "urlencoded":
            return server.request("POST", MEDIA, data=text)
        return server.request("POST", MEDIA, files={name: (None, value) for name, value in text.items()})

    assert send(link).json()["title"] == "A page"
    assert send(flat).json()["embed_id"] == flat["embed_id"]
    media = send({"type": "embed", "embed": nested})
    assert media.status_code == 201, media.text
    assert {name: media.json()["embed"][name] for name in nested} == nested
    assert media.json()["url"] == "https://example.com/s"


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({}, [("type", "required")]),
        ({"type": "document", "url": "https://example.com/"}, [("type", "invalid")]),
        ({"type": None}, [("type", "required")]),
        ({"type": ["url"]}, [("type", "invalid")]),
        ({"type": "url"}, [("url", "required")]),
        ({"type": "url", "url": ""}, [("url", "required")]),
        ({"type": "url", "url": None}, [("url", "required")]),
        ({"type": "url", "url": ["https://example.com/"]}, [("url", "invalid")]),
        ({"type": "vimeo"}, [("url", "required")]),
        ({"type": "image"}, [("url", "required")]),
        ({"type": "vimeo", "url": "https://example.com/1"}, [("url", "no_vimeo_url")]),
        ({"type": "vimeo", "url": "https://notvimeo.com/1"}, [("url", "no_vimeo_url")]),
        ({"type": "embed"}, [("embed_type", "required"), ("embed_id", "required")]),
        ({"type": "embed", "embed_type": "song"}, [("embed_id", "required")]),
        ({"type": "embed", "embed_id": "1"}, [("embed_type", "required")]),
        ({"type": "embed", "embed": {"embed_type": "song"}}, [("embed_id", "required")]),
        ({"type": "embed", "embed": {}}, [("embed_type", "required"), ("embed_id", "required")]),
        ({"type": "embed", "embed": []}, None),
        ({"type": "embed", "embed": "{"}, [("embed", "invalid")]),
        ({"type": "embed", "embed": "[" * 100_000}, [("embed", "invalid")]),
        ({"type": "embed", "embed": {"embed_type": "a", "embed_id": 1}}, [("embed.embed_id", "invalid")]),
        (
            {"type": "embed", "embed": {"embed_type": "a", "embed_id": "1", "metadata": []}},
            [("embed.metadata", "invalid")],
        ),
        ({"type": "embed", "embed": {"embed_type": "a", "embed_id": "1", "metadata": {"a": "x" * 70_000}}}, None),
        (
            {"type": "embed", "embed": {"embed_type": "a", "embed_id": "1", "url": "javascript:alert(1)"}},
            [("url", "url_forbidden")],
        ),
        ({"type": "embed", "embed_type": "a\0", "embed_id": "1"}, None),
        ({"type": "embed", "embed_type": "a", "embed_id": "x" * 256}, None),
        ({"type": "embed", "embed_type": "a", "embed_id": "\ud800"}, None),
        *(
            ({"type": "embed", "embed_type": kind, "embed_id": "1"}, [("embed_type", "reserved_embed_type")])
            for kind in ("sc_link", "sc_vimeo", "sc_shared_object", "sc_shared_event")
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_refused(server: Server, fields: dict[str, Any], errors: list[tuple[str, str]] | None) -> None:
    answer = post(server, **fields)
    assert answer.status_code == 400, answer.text
    if errors:
        assert codes(answer) == errors


@pytest.mark.parametrize(
    "body",
    ["[]", "1", '"x"', "{", "null", '{"type":"embed","embed":{"embed_type":"a","embed_id":"1","metadata":{"a":NaN}}}'],
)
def test_bodies_that_are_no_objects(server: Server, body: str) -> None:
    answer = server.request("POST", MEDIA, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text


def test_anonymous_links_follow_the_setting_of_uploads(server: Server, make_app: Callable[..., Flask]) -> None:
    assert post(server, None, type="embed", **pair()).status_code == 201
    closed = make_app(SCAPI_ANONYMOUS_WRITES=False).test_client()
    assert closed.post(MEDIA, json={"type": "embed", **pair()}).status_code == 401
    assert closed.post(MEDIA, json={"type": "embed", **pair()}, headers=OWNER).status_code == 201


@pytest.mark.parametrize("kind", ["url", "image"])
def test_a_null_in_the_nested_embed_is_as_if_not_given(server: Server, site: Site, kind: str) -> None:
    answer = server.request("POST", MEDIA, json={"type": kind, "embed": {"url": None}})
    assert (answer.status_code, codes(answer)) == (400, [("url", "required")])
    link = server.request("POST", MEDIA, json={"type": "url", "url": site.put("/n", PAGE), "embed": {"url": None}})
    assert link.status_code == 201


@pytest.mark.parametrize("content_type", ["urlencoded", "multipart"])
def test_null_in_a_form_is_null(server: Server, content_type: str) -> None:
    def send(fields: dict[str, str]) -> requests.Response:
        if content_type == "urlencoded":
            return server.request("POST", MEDIA, data=fields)
        return server.request("POST", MEDIA, files={name: (None, value) for name, value in fields.items()})

    embed = {"type": "embed", **pair()}
    assert send({**embed, "embed": "null", "url": "null"}).json()["embed_id"] == embed["embed_id"]
    assert codes(send({"type": "url", "embed": "null", "url": "null"})) == [("url", "required")]
    assert send({"type": "embed", "embed_type": "null", "embed_id": "null"}).json()["embed_type"] == "null"
