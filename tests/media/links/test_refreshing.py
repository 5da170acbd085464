"""`scapi previews refresh`."""

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, update

from scapi.cli import cli
from scapi.database import db
from scapi.media.links import refreshing
from scapi.media.models import Media
from scapi.previews.addresses import Rules
from scapi.previews.fetch import Fetcher
from scapi.previews.oembed import known_providers
from scapi.previews.preview import Preview, Previewer
from scapi.settings import settings
from tests.media.links.api import MEDIA, OWNER, PAGE, get, make
from tests.previews.network import Dialler, Resolver
from tests.previews.sites import Site
from tests.running import Server, settings_of


def test_previews_are_tried_again(server: Server, site: Site) -> None:
    server.scapi("previews", "refresh", "--limit", "1000")
    url = f"{site.url}/back"
    site.answers.pop("/back", None)
    waiting, chosen, dead = [make(server, type="url", url=u) for u in (url, url, f"{site.url}/never")]
    image = {"image": f"{site.url}/b.jpg"}
    server.request("PUT", f"{MEDIA}{chosen['id']}/", json=image, headers=OWNER)
    site.put("/back", PAGE)
    assert re.search(r"^tried 1 previews: 0 ready, 1 not$", server.scapi("previews", "refresh", "--limit", "1"), re.M)
    printed = server.scapi("previews", "refresh", "--limit", "1000")
    assert len(printed.splitlines()) == 1
    assert "2 ready" in printed
    assert (get(server, waiting)["title"], get(server, waiting)["oembed_preview_ready"]) == ("A page", True)
    assert get(server, waiting)["image"] == f"{site.url}/a.png"
    assert get(server, waiting)["embed"]["metadata"]["title"] == "A page"
    assert (get(server, chosen)["title"], get(server, chosen)["image"]) == ("A page", f"{site.url}/b.jpg")
    assert get(server, dead)["oembed_preview_ready"] is False
    assert " 0 ready" in server.scapi("previews", "refresh", "--limit", "1000")


def test_old_links_are_not_tried_again(app: Flask) -> None:
    resolver = Resolver({})
    app.extensions["scapi.previewer"] = Previewer(Fetcher(Rules(), resolver, Dialler()), known_providers, 2, 10**6)
    app.test_client().post(MEDIA, json={"type": "url", "url": "http://a.example.com/"})
    db.session.execute(update(Media).values(added_at=datetime(2020, 1, 1, tzinfo=UTC)))
    db.session.commit()
    assert app.test_cli_runner().invoke(cli, ["previews", "refresh"]).output.startswith("tried 0 ")
    assert app.test_cli_runner().invoke(cli, ["previews", "refresh", "--days", "36500"]).output.startswith("tried 1 ")


def due_now() -> None:
    db.session.execute(update(Media).values(preview_due_at=None))
    db.session.commit()


def test_a_hundred_dead_links_do_not_block_the_others(app: Flask) -> None:
    asked: list[str] = []

    class Counting(Previewer):
        def preview(self, url: str) -> Preview:
            asked.append(url)
            return Preview(url, again=True)

    fetcher = Fetcher(Rules(), Resolver({}), Dialler())
    app.extensions["scapi.previewer"] = Counting(fetcher, known_providers, 2, 10**6)
    for number in range(100):
        app.test_client().post(MEDIA, json={"type": "url", "url": f"http://dead{number}.example.com/"})
    asked.clear()
    assert refreshing.refresh_due(lambda: False) is False
    assert asked == []  # they were tried at creation
    due_now()
    assert refreshing.refresh_due(lambda: False) is False
    assert len(set(asked)) == len(asked) == 100
    assert refreshing.refresh_due(lambda: False) is False
    assert len(asked) == 100  # none of them is due
    app.test_client().post(MEDIA, json={"type": "url", "url": "http://new.example.com/"})
    due_now()
    asked.clear()
    refreshing.refresh_due(lambda: len(asked) >= 1)
    assert "http://new.example.com/" in asked
    assert len(asked) <= settings.previews_at_once


def test_a_dead_link_is_given_up_after_its_last_attempt(app: Flask) -> None:
    app.extensions["scapi.previewer"] = Previewer(Fetcher(Rules(), Resolver({}), Dialler()), known_providers, 2, 10**6)
    app.test_client().post(MEDIA, json={"type": "url", "url": "http://a.example.com/"})
    last = refreshing.ATTEMPTS
    for attempts in range(1, last + 1):
        known, due_at = db.session.execute(select(Media.preview_attempts, Media.preview_due_at)).one()
        assert (known, due_at == refreshing.NEVER) == (attempts, attempts == last)
        due_now()
        refreshing.refresh_due(lambda: False)
    assert db.session.scalar(select(Media.preview_attempts)) == last


@pytest.mark.parametrize("made", [Preview("x"), Preview("x", title="A page")], ids=["nothing", "ready"])
def test_what_no_retry_can_help_is_not_tried_again(app: Flask, made: Preview) -> None:
    asked: list[str] = []

    class Once(Previewer):
        def preview(self, url: str) -> Preview:
            asked.append(url)
            return replace(made, url=url)

    app.extensions["scapi.previewer"] = Once(Fetcher(Rules(), Resolver({}), Dialler()), known_providers, 2, 10**6)
    app.test_client().post(MEDIA, json={"type": "url", "url": "http://a.example.com/"})
    due_now()
    refreshing.refresh_due(lambda: False)
    assert asked == ["http://a.example.com/"]


def test_the_newest_and_the_oldest_are_tried_alike(app: Flask) -> None:
    asked: list[str] = []
    workers = settings_of(app).previews_at_once
    began, all_have_one = threading.Event(), threading.Barrier(workers)

    class Busy(Previewer):
        def preview(self, url: str) -> Preview:
            asked.append(url)
            if began.is_set():
                all_have_one.wait(60)  # one worker must not do everything before the others have begun
            return Preview(url, tried=False, again=True)

    app.extensions["scapi.previewer"] = Busy(Fetcher(Rules(), Resolver({}), Dialler()), known_providers, 2, 10**6)
    for number in range(9):
        app.test_client().post(MEDIA, json={"type": "url", "url": f"http://a{number}.example.com/"})
    asked.clear()
    began.set()
    refreshing.refresh_due(lambda: len(asked) >= workers)
    assert {"http://a0.example.com/", "http://a8.example.com/"} <= set(asked)
