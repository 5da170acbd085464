"""While all places for previews wait for slow pages, other requests are answered quickly, without a preview."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler

import pytest

from tests import running, servers
from tests.client import refusal
from tests.media.links.api import MEDIA, OWNER, PAGE, get, make, post
from tests.previews.sites import Site
from tests.running import Server


@pytest.fixture
def server(
    site: Site, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = {
        "SCAPI_DATABASE_URL": new_database("sqlite"),
        "SCAPI_PREVIEW_ALLOW": "127.0.0.1",
        "SCAPI_PREVIEW_PORTS": str(site.port),
        "SCAPI_PREVIEW_SECONDS": "30",
        "SCAPI_PREVIEWS_AT_ONCE": "2",
    }
    with running.scapi(tmp_path_factory.mktemp("busy"), workers=1, **settings) as server:
        yield server


def test_slow_pages_do_not_take_all_threads(server: Server, site: Site) -> None:
    over = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        over.wait(30)
        site.answers["/busy/page"](handler)

    site.put("/busy/page", PAGE)
    site.put("/busy/slow", slow)
    page, slow_page = f"{site.url}/busy/page", f"{site.url}/busy/slow"
    picture = f"{site.url}/a.png"
    old = make(server, type="url", url=f"{site.url}/missing")
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(partial(make, server, type="url", url=slow_page)) for _ in range(2)]
        try:
            servers.wait_until(lambda: len(site.asked_for("/busy/slow")) == 2, 20, "two previews to be under way")
            with ThreadPoolExecutor(3) as others:
                made = others.submit(make, server, type="url", url=page)
                refused = others.submit(post, server, type="image", url=picture)
                put = others.submit(
                    server.request, "PUT", f"{MEDIA}{old['id']}/", json={"image": picture}, headers=OWNER
                )
                link, answer, chosen = made.result(), refused.result(), put.result()
            assert site.asked_for("/busy/page") == []
        finally:
            over.set()
        assert [future.result()["title"] for future in waiting] == ["A page", "A page"]
    assert (link["oembed_preview_ready"], link["title"], link["url"]) == (False, None, page)
    refusal(answer, 503, "previews_busy")
    assert answer.headers["Retry-After"] == "5"
    assert (chosen.json()["image"], chosen.json()["image_width"]) == (picture, None)
    assert "1 ready" in server.scapi("previews", "refresh")
    assert get(server, link)["title"] == "A page"


def test_a_burst_of_links_has_its_previews_within_seconds(server: Server, site: Site) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.5)
        site.answers["/busy/page"](handler)

    site.put("/busy/page", PAGE)
    urls = [site.put(f"/burst/{number}", slow) for number in range(16)]
    with ThreadPoolExecutor(len(urls)) as pool:
        made = list(pool.map(lambda url: make(server, type="url", url=url), urls))
    assert sum(media["oembed_preview_ready"] for media in made) >= 8
    server.scapi("housekeeping", "--once", "--job", "previews")
    assert [get(server, media)["title"] for media in made] == ["A page"] * len(urls)
