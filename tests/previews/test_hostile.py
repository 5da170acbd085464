"""URLs that lead into the server's own network: refused, or created without a preview, and never connected to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from scapi.database import db
from scapi.previews.addresses import Rules
from scapi.previews.fetch import Fetcher
from scapi.previews.oembed import known_providers
from scapi.previews.preview import Previewer
from tests.conftest import token
from tests.previews.network import PUBLIC, Dialler, Resolver
from tests.previews.sites import Site, redirect

REFUSED = Path(__file__).with_name("hostile_urls.txt").read_text().split()
REFUSED += [
    "http://exa mple.com/",
    "http://127.0.0.1\t/",
    "http://example.com/\r\nHost:127.0.0.1",
    "http://example.com\x00/",
    " ",
    "\0",
]
REFUSED += [
    f"http://{'a' * 64}.com/",
    f"http://{'a.' * 130}com/",
    "http://example.com/" + "a" * 3000,
    "http://xn--a/",
    "http://[",
    "http://]/",
]

NAMES: dict[str, list[str] | list[list[str]]] = {
    "start.example.org": ["127.0.0.1"],
    "loopback.example.com": ["127.0.0.1"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "private.example.com": ["10.1.2.3"],
    "metadata.example.com": ["169.254.169.254"],
    "mixed.example.com": [PUBLIC, "192.168.0.1"],
    "mixed6.example.com": [PUBLIC, "::1"],
    "mapped.example.com": ["::ffff:10.0.0.1"],
    "nat64.example.com": ["64:ff9b::a00:1"],
    "6to4.example.com": ["2002:a00:1::"],
    "teredo.example.com": ["2001:0:a00:1::1"],
    "linklocal.example.com": ["fe80::1"],
    "unspecified.example.com": ["0.0.0.0"],
    "multicast.example.com": ["239.255.255.250"],
    "none.example.com": [],
    "changing.example.com": [["10.0.0.1"], [PUBLIC]],
    # a name in Cyrillic letters that looks like apple.com; here it resolves to an internal address
    "xn--80ak6aa92e.com": ["10.0.0.1"],
    "xn--exmple-4nf.com": ["127.0.0.1"],
}
WITHOUT_PREVIEW = [f"http://{name}/" for name in NAMES if not name.startswith(("changing", "start"))]
WITHOUT_PREVIEW += [
    "http://аррӏе.com/",
    "http://PRIVATE.example.com./",
    "https://private.example.com/",
    "http://unknown.example.com/",
]
WITHOUT_PREVIEW += ["http://changing.example.com/", "http://private.example.com/?@example.com/#example.com"]


class Outside:
    """An application whose fetcher uses the test's names, and the addresses that it connected to."""

    def __init__(self, app: Flask, rules: Rules) -> None:
        self.client: FlaskClient = app.test_client()
        self.dialler = Dialler()
        fetcher = Fetcher(rules, Resolver(NAMES), self.dialler)
        app.extensions["scapi.previewer"] = Previewer(fetcher, known_providers, 2, 50_000_000)

    def post(self, **fields: object) -> tuple[int, dict[str, Any]]:
        answer = self.client.post("/api/v2/media/", json=fields)
        return answer.status_code, answer.get_json()


@pytest.fixture(scope="module")
def database() -> str:
    """One kind of database: these tests do not depend on it."""
    return "sqlite"


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    app = make_app()
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def outside(app: Flask) -> Outside:
    """An application with default settings: no internal address is allowed."""
    return Outside(app, Rules())


def test_the_table_is_long_enough() -> None:
    assert len(set(REFUSED)) > 120
    assert len(set(WITHOUT_PREVIEW)) > 20


def test_hostile_urls_are_refused(outside: Outside) -> None:
    for url in REFUSED:
        for kind in ("url", "image", "vimeo"):
            status, body = outside.post(type=kind, url=url)
            assert status == 400, url
            (error,) = body["errors"]
            assert error["field"] == "url"
            assert error["messages"][0]["code"] == "url_forbidden", (url, body)
    assert outside.dialler.dialled == []


def test_names_that_lead_inside_are_links_without_a_preview(outside: Outside) -> None:
    for url in WITHOUT_PREVIEW:
        status, body = outside.post(type="url", url=url)
        assert (status, body["oembed_preview_ready"], body["oembed_available"]) == (201, False, False), url
        assert (body["url"], body["title"], body["image"], body["choice_images"]) == (url, None, None, [])
    assert outside.dialler.dialled == []


def test_the_answer_does_not_tell_whether_there_is_a_host_inside(outside: Outside) -> None:
    urls = ["http://private.example.com/", "http://unknown.example.com/", "http://none.example.com/"]
    pictures = [outside.post(type="image", url=url) for url in urls]
    assert [status for status, _ in pictures] == [400] * 3
    links = [outside.post(type="url", url=url)[1] for url in urls]
    changing = ("request_id", "id", "hash_code", "added_at", "url", "embed", "embed_id", "delete_token")
    for bodies in ([body for _, body in pictures], links):
        assert len({str([value for name, value in body.items() if name not in changing]) for body in bodies}) == 1


def test_hostile_images_are_refused_for_a_link(outside: Outside) -> None:
    owner = token(1)
    made = outside.client.post(
        "/api/v2/media/", json={"type": "url", "url": "http://unknown.example.com/"}, headers=owner
    )
    path = f"/api/v2/media/{made.get_json()['id']}/"
    for url in REFUSED:
        answer = outside.client.put(path, json={"image": url}, headers=owner)
        assert answer.status_code == 400, url
    for url in WITHOUT_PREVIEW:
        answer = outside.client.put(path, json={"image": url}, headers=owner)
        assert (answer.status_code, answer.get_json()["image_width"]) == (200, None)
    assert outside.dialler.dialled == []


@pytest.mark.parametrize("kind", ["url", "image"])
def test_redirects_that_lead_inside(app: Flask, site: Site, kind: str) -> None:
    outside = Outside(app, Rules.from_settings(["start.example.org"], [site.port, 80]))
    start = f"http://start.example.org:{site.port}/"
    relative = ("//", "http:///", "///", "http:/1", "http:1")
    for target in REFUSED + WITHOUT_PREVIEW:
        if target.isprintable() and ":" in target and not target.startswith(relative):
            site.put("/", redirect(target.encode().decode("latin-1")))
            status, body = outside.post(type=kind, url=start)
            if kind == "image":
                assert (status, body["message"]) == (400, "no picture could be loaded from this URL"), target
            else:
                assert (status, body["oembed_preview_ready"]) == (201, False), target
    assert set(outside.dialler.dialled) == {("127.0.0.1", site.port)}
    assert len(outside.dialler.dialled) > 120
