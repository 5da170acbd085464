"""Links become media with the metadata of their pages: over HTTP, on every database."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from scapi.cli import cli
from scapi.database import db
from scapi.previews.addresses import Rules
from scapi.previews.fetch import Fetcher
from scapi.previews.oembed import known_providers
from scapi.previews.preview import Previewer
from tests import client, files
from tests.conftest import token
from tests.media.links.api import MEDIA, OWNER, PAGE, check_types, get, make, pair
from tests.previews import sites
from tests.previews.network import PUBLIC, Dialler, Resolver
from tests.previews.sites import Answer, Site
from tests.running import Server


def test_every_field_is_in_every_answer_in_its_type(server: Server, site: Site) -> None:
    url = site.put("/typed", PAGE)
    made = {
        "url": make(server, type="url", url=url),
        "url without a page": make(server, type="url", url=f"{site.url}/missing"),
        "embed": make(server, type="embed", **pair()),
        "image from a url": make(server, type="image", url=f"{site.url}/a.png"),
        "image": client.upload(server, files.png(), "image"),
        "editor_image": client.upload(server, files.jpeg(), "eimage"),
        "document": client.upload(server, files.pdf(), "document"),
    }
    for media in made.values():
        check_types(media)
        again = get(server, media)
        check_types(again)
        assert again == {name: value for name, value in media.items() if name in again}
    changed = server.request("PUT", f"{MEDIA}{made['url']['id']}/", json={"image": f"{site.url}/b.jpg"}, headers=OWNER)
    check_types(changed.json())


def test_a_link_has_what_its_page_says(server: Server, site: Site) -> None:
    url = site.put("/page", PAGE + f'<link rel="canonical" href="{site.url}/page?canonical">')
    media = make(server, type="url", url=url + "?utm_source=x")
    expected = {
        "type": "url",
        "title": "A page",
        "description": "About it",
        "keywords": "one, two",
        "entities": "Vienna",
        "url": f"{url}?canonical",
        "image": f"{site.url}/a.png",
        "image_width": 300,
        "image_height": 200,
        "choice_images": [f"{site.url}/a.png", f"{site.url}/b.jpg"],
        "oembed_preview_ready": True,
        "oembed_available": False,
        "oembed_type": None,
        "embed_type": "sc_link",
    }
    assert {name: media[name] for name in expected} == expected
    assert media["embed"]["metadata"] == {
        "url": f"{url}?canonical",
        "title": "A page",
        "description": "About it",
        "images": media["choice_images"],
        "html": None,
        "type": "link",
    }


def test_a_link_has_what_its_provider_says(server: Server, site: Site) -> None:
    fields = {"type": "video", "version": "1.0", "title": "A film", "duration": 62, "width": 640, "height": 360}
    fields["html"] = '<iframe src="https://player.vimeo.com/video/1"></iframe><script>alert(1)</script>'
    oembed = site.put("/oembed", Answer(json.dumps(fields), "application/json"))
    link = f'<link rel="alternate" type="application/json+oembed" href="{oembed}">'
    media = make(server, type="url", url=site.put("/film", link + PAGE))
    assert (media["title"], media["oembed_available"], media["oembed_preview_ready"]) == ("A film", True, True)
    assert [media[f"oembed_{name}"] for name in ("type", "width", "height", "duration")] == ["video", 640, 360, 62]
    assert media["oembed_html"] is None  # it came from no known provider
    assert media["embed"]["metadata"]["type"] == "video"


def test_links_to_the_same_page_share_an_embed_that_follows_the_page(server: Server, site: Site) -> None:
    url = site.put("/shared", PAGE)
    first = make(server, type="url", url=url)
    site.put("/shared", PAGE.replace("A page", "Another title"))
    second = make(server, type="url", url=url + "#fragment")
    assert first["embed"]["id"] == second["embed"]["id"]
    assert get(server, first)["embed"]["metadata"]["title"] == "Another title"
    assert get(server, first)["title"] == "A page"
    site.answers.pop("/shared")
    third = make(server, type="url", url=url)
    assert (third["title"], third["oembed_preview_ready"]) == (None, False)
    assert third["embed"]["metadata"]["title"] == "Another title"


def test_a_page_cannot_change_what_is_known_of_another(server: Server, site: Site) -> None:
    victim = make(server, type="url", url=site.put("/victim", PAGE))
    evil = make(
        server, type="url", url=site.put("/evil", f'<title>fake</title><link rel="canonical" href="{victim["url"]}">')
    )
    assert evil["embed"]["id"] != victim["embed"]["id"]
    assert get(server, victim)["embed"]["metadata"]["title"] == "A page"


@pytest.mark.parametrize(
    "behaviour",
    [sites.silent, sites.slow_header, sites.endless_body, Answer("", status=500)],
    ids=lambda value: str(value)[:20],
)
def test_a_link_is_made_in_time_whatever_its_page_does(server: Server, site: Site, behaviour: sites.Behaviour) -> None:
    url = site.put("/slow", behaviour)
    started = time.monotonic()
    media = make(server, type="url", url=url)
    assert time.monotonic() - started < 3.5
    check_types(media)
    assert (media["url"], media["oembed_available"]) == (url, False)


def test_videos_at_vimeo(app: Flask) -> None:
    resolver = Resolver({"vimeo.com": [PUBLIC], "player.vimeo.com": [PUBLIC]})
    app.extensions["scapi.previewer"] = Previewer(Fetcher(Rules(), resolver, Dialler()), known_providers, 2, 10**6)
    web = app.test_client()
    urls = [
        "https://vimeo.com/76979871",
        "http://player.vimeo.com/video/76979871?h=1",
        "https://vimeo.com/channels/x/76979871",
    ]
    made = [web.post(MEDIA, json={"type": "vimeo", "url": url}).get_json() for url in urls]
    assert {(media["type"], media["embed_type"], media["embed_id"]) for media in made} == {
        ("vimeo", "sc_vimeo", "76979871")
    }
    assert len({media["embed"]["id"] for media in made}) == 1
    check_types(made[0])
    other = web.post(MEDIA, json={"type": "vimeo", "url": "https://vimeo.com/about/76979871"}).get_json()
    assert other["embed"]["id"] != made[0]["embed"]["id"]


def test_links_and_embeds_can_be_deleted(server: Server, site: Site) -> None:
    same = pair()
    for media in (make(server, type="url", url=site.put("/deleted", PAGE)), make(server, type="embed", **same)):
        assert server.request("DELETE", f"{MEDIA}{media['id']}/").status_code == 401
        assert server.request("DELETE", f"{MEDIA}{media['id']}/", headers=token(8)).status_code == 403
        assert server.request("DELETE", f"{MEDIA}{media['id']}/", headers=OWNER).status_code == 204
        assert server.request("GET", f"{MEDIA}{media['id']}/").status_code == 404
    assert make(server, type="embed", **same)["embed_id"] == same["embed_id"]


class Slow:
    """Replaces the network, and checks whether a database connection is held while it is used."""

    def __init__(self) -> None:
        self.engines = list(db.engines.values())
        self.held: list[int] = []

    def __call__(self, host: str) -> list[Any]:
        self.held.append(sum(engine.pool.checkedout() for engine in self.engines))  # type: ignore[attr-defined]
        raise OSError


def test_no_database_connection_is_held_while_the_network_is_used(app: Flask) -> None:
    slow = Slow()
    app.extensions["scapi.previewer"] = Previewer(Fetcher(Rules(), slow, Dialler()), known_providers, 2, 10**6)
    web = app.test_client()
    made = web.post(MEDIA, json={"type": "url", "url": "http://a.example.com/"}, headers=OWNER).get_json()
    db.session.remove()  # otherwise the test's own context keeps it between requests
    web.post(MEDIA, json={"type": "image", "url": "http://a.example.com/"})
    db.session.remove()
    assert web.put(f"{MEDIA}{made['id']}/", json={"image": "http://a.example.com/"}, headers=OWNER).status_code == 200
    db.session.remove()
    assert " 0 ready" in app.test_cli_runner().invoke(cli, ["previews", "refresh"]).output
    assert slow.held == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "settings",
    [{"SCAPI_PREVIEW_ALLOW": ["http://x/"]}, {"SCAPI_PREVIEW_PORTS": [0]}, {"SCAPI_PREVIEW_ALLOW": ["10.0.0.1/8"]}],
)
def test_settings_that_cannot_work(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    with pytest.raises(BaseException, match="SCAPI_PREVIEW_"):
        make_app(**settings)
