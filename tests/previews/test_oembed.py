"""oEmbed: the provider of a URL, and the trusted parts of its answer."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest

from scapi.previews import players
from scapi.previews.addresses import Forbidden, Target
from scapi.previews.fetch import Fetched
from scapi.previews.oembed import OEmbed, known_providers

VIMEO = {
    "type": "video",
    "version": "1.0",
    "provider_name": "Vimeo",
    "title": "The New Vimeo Player (You Know, For Videos)",
    "author_name": "Vimeo",
    "html": '<iframe src="https://player.vimeo.com/video/76979871?h=8272103f6e&amp;app_id=122963" width="426" '
    'height="240" frameborder="0" allow="autoplay; fullscreen" title="The New Vimeo Player"></iframe>',
    "width": 426,
    "height": 240,
    "duration": 62,
    "description": "It may look (mostly) the same on the surface",
    "thumbnail_url": "https://i.vimeocdn.com/video/452001751-d_295x166",
    "thumbnail_width": 295,
    "thumbnail_height": 166,
    "uri": "/videos/76979871",
}


def read(fields: Any, url: str = "https://vimeo.com/api/oembed.json?url=x", *, complete: bool = True) -> OEmbed | None:
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return known_providers().read(Fetched(Target.of(url), "application/json", None, body, complete))


def player(html: object, *hosts: str) -> players.Player | None:
    return players.find(html, frozenset(hosts or ("vimeo.com",)))


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://vimeo.com/76979871", "https://vimeo.com/api/oembed.json?url=https%3A%2F%2Fvimeo.com%2F76979871&"),
        ("http://www.vimeo.com/76979871", "https://vimeo.com/api/oembed.json?url=https%3A%2F%2Fvimeo.com%2F76979871&"),
        ("https://player.vimeo.com/video/76979871", "https://vimeo.com/api/oembed.json?url="),
        ("https://vimeo.com/channels/staffpicks/76979871", "https://vimeo.com/api/oembed.json?url="),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "https://www.youtube.com/oembed?url="),
        ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/oembed?url="),
        ("http://youtube.com/watch?v=dQw4w9WgXcQ", "https://www.youtube.com/oembed?url="),
        ("https://www.youtube.com/shorts/abc", "https://www.youtube.com/oembed?url="),
        ("https://www.flickr.com/photos/bees/2362225867/", "https://www.flickr.com/services/oembed/?url="),
        ("https://soundcloud.com/forss/flickermood", "https://soundcloud.com/oembed?url="),
        ("https://www.dailymotion.com/video/x7tgad0", "https://www.dailymotion.com/services/oembed?url="),
        ("https://open.spotify.com/track/11dFghVXANMlKmJXsNCbNl", "https://open.spotify.com/oembed?url="),
        ("https://www.tiktok.com/@scout2015/video/6718335390845095173", "https://www.tiktok.com/oembed?url="),
        ("https://www.slideshare.net/haraldf/business-quotes", "https://www.slideshare.net/api/oembed/2?url=https"),
    ],
)
def test_known_providers_answer_for_their_urls(url: str, endpoint: str) -> None:
    found = known_providers().endpoint(Target.of(url))
    assert found
    assert found.startswith(endpoint)
    assert "format=json" in found


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://vimeo.com.example.com/1",
        "https://notvimeo.com/76979871",
        "https://example.com/vimeo.com/1",
        "https://example.com/?u=https://vimeo.com/1",
        "https://example.com/#https://youtu.be/x",
    ],
)
def test_nobody_answers_for_other_urls(url: str) -> None:
    assert known_providers().endpoint(Target.of(url)) is None


@pytest.mark.parametrize(
    "unit", ["a", "a.", "a-", "%41", "youtube", ".youtube.com", "/a", "/watch?v=", "&list=", "photo/"]
)
def test_no_url_keeps_the_list_busy(unit: str) -> None:
    started = time.thread_time()
    for start in ("https://www.youtube.com/", "https://", "https://www.flickr.com/", "https://a."):
        with suppress(Forbidden):
            known_providers().endpoint(Target.of((start + unit * 2000)[:2000]))
    assert time.thread_time() - started < 1


def test_every_endpoint_and_host_of_the_list_is_one() -> None:
    hosts = known_providers().hosts
    assert len(hosts) > 200
    shared = {"com", "co.uk", "github.io", "amazonaws.com", "herokuapp.com", "cloudfront.net", "vercel.app", "web.app"}
    assert not shared & {host for own in hosts.values() for host in own}
    assert players.belongs("player.vimeo.com", hosts["vimeo.com"])
    assert players.belongs("www.youtube.com", hosts["youtube.com"])
    assert not players.belongs("player.vimeo.com", hosts["youtube.com"])


def test_a_video() -> None:
    found = read(VIMEO)
    assert found
    assert found.html
    assert found.html.startswith('<iframe src="https://player.vimeo.com/video/76979871?h=8272103f6e&amp;app_id=122963"')
    assert (found.type, found.width, found.height, found.duration) == ("video", 426, 240, 62)
    assert found.url == "https://player.vimeo.com/video/76979871?h=8272103f6e&app_id=122963"
    assert (found.title, found.description) == (VIMEO["title"], VIMEO["description"])
    assert (found.image, found.image_width, found.image_height) == (VIMEO["thumbnail_url"], 295, 166)


def test_a_photo() -> None:
    photo = {"type": "photo", "url": "https://live.example.com/a.jpg", "width": "1024", "height": 768, "title": "Bees"}
    found = read(
        photo | {"thumbnail_url": "https://live.example.com/t.jpg", "thumbnail_width": 75, "thumbnail_height": 75}
    )
    assert found
    assert (found.image, found.image_width, found.image_height) == ("https://live.example.com/a.jpg", 1024, 768)
    assert (found.url, found.html) == ("https://live.example.com/a.jpg", None)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"1",
        b'{"type":"video"',
        b"[" * 200_000,
        b"\xff\xfe",
        {},
        {"type": "other"},
        {"type": ["video"]},
    ],
    ids=lambda answer: str(answer)[:20],
)
def test_what_is_no_answer(answer: Any) -> None:
    assert read(answer) is None


def test_an_answer_that_was_cut_off_is_none() -> None:
    assert read(VIMEO, complete=False) is None


@pytest.mark.parametrize(
    "value", [None, 1, -1, 1e300, [], {}, "x" * 10_000, "\0", True, "https://x.example/", [["x"]]], ids=str
)
def test_fields_of_other_types_are_left_out(value: Any) -> None:
    found = read(dict.fromkeys(VIMEO, value) | {"url": value, "type": "video"})
    assert found
    for name in ("width", "height", "duration", "image_width", "image_height"):
        assert getattr(found, name) in (None, 1)
    for name in ("title", "description"):
        text = getattr(found, name)
        assert text is None or (isinstance(text, str) and 0 < len(text) <= 2000 and "\0" not in text)
    assert found.html is None


def test_only_a_known_provider_gives_a_player_and_only_its_own() -> None:
    for url in ("https://example.com/oembed", "https://www.youtube.com/oembed", "https://vimeo.com.example.com/oembed"):
        found = read(VIMEO, url)
        assert found
        assert (found.html, found.url) == (None, None)
        assert found.title


PLAYER = "https://player.vimeo.com/video/1"


@pytest.mark.parametrize(
    "html",
    [
        f'<iframe src="{PLAYER}"></iframe>',
        f"<IFRAME SRC='{PLAYER}' onload=alert(1) style='position:fixed' srcdoc='<script>alert(1)</script>'></IFRAME>",
        f'<div style="padding:56% 0 0 0"><iframe src="{PLAYER}"></iframe></div><script src="https://evil.example/x.js"></script>',
        '<iframe src="//player.vimeo.com/video/1">',
        f'<iframe src=" {PLAYER} " name="x" id="y"><img src=x onerror=alert(1)></iframe>',
    ],
)
def test_of_a_players_html_the_frame_alone_stays(html: str) -> None:
    found = player(html)
    assert found
    assert found.html == (
        f'<iframe src="{PLAYER}" allow="{players.ALLOW}" sandbox="{players.SANDBOX}" '
        'referrerpolicy="strict-origin-when-cross-origin" loading="lazy" allowfullscreen></iframe>'
    )


@pytest.mark.parametrize(
    "source",
    [
        "http://player.vimeo.com/1",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://evil.example/",
        "/video/1",
        "",
        "about:blank",
        "https://player.vimeo.com.evil.example/",
        "https://vimeo.com@evil.example/",
        "https://evil.example/#.vimeo.com/",
        "https://evilvimeo.com/",
        "https://player.vimeo.com:8443/1",
        "https://u:p@player.vimeo.com/1",
        "https://com/",
        "https://evil.example\\.vimeo.com/",
        "https://evil.example%2F.vimeo.com/",
        "https://vimeo.com\t.evil.example/",
    ],
)
def test_frames_from_elsewhere_are_dropped(source: str) -> None:
    assert player(f'<iframe src="{source}"></iframe>') is None


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<script>alert(1)</script>",
        "<blockquote class=x></blockquote>",
        f'<embed src="{PLAYER}">',
        None,
        1,
        ["<iframe>"],
        f'<iframe src="{PLAYER}"></iframe>' * 2,
        f'<iframe src="{PLAYER}"></iframe>' + " " * 10000,
        f'<a href="{PLAYER}">',
    ],
)
def test_what_is_no_single_frame_is_dropped(html: object) -> None:
    assert player(html) is None


def test_what_a_frame_says_cannot_break_out() -> None:
    found = player(
        f"""<iframe src="{PLAYER}?a='&quot;><script>" title='"><script>alert(1)</script>' width='1" x="'></iframe>"""
    )
    assert found
    assert found.html.count("<") == 2
    assert found.html.count(">") == 2
    assert "script" not in found.html.replace("allow-scripts", "").replace("%3Cscript%3E", "").replace(
        "&lt;script&gt;", ""
    ).replace("&lt;/script&gt;", "")
