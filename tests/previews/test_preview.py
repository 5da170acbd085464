"""The preview of a link, from real servers on loopback."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from scapi.previews.addresses import Forbidden, Rules
from scapi.previews.fetch import Fetcher, Unreachable, Unwanted
from scapi.previews.oembed import known_providers
from scapi.previews.pictures import Size, size_of
from scapi.previews.places import Places
from scapi.previews.preview import Previewer, TooLarge
from tests import files
from tests.previews import sites
from tests.previews.network import PUBLIC, Dialler, Resolver
from tests.previews.sites import Answer, Behaviour, Site, redirect
from tests.previews.test_oembed import VIMEO

PIXELS = 50_000_000


def previewer(site: Site, seconds: float = 5) -> Previewer:
    rules = Rules.from_settings(["127.0.0.1"], [site.port])
    return Previewer(Fetcher(rules, Resolver({}), Dialler()), known_providers, seconds, PIXELS)


def oembed(site: Site, **fields: object) -> str:
    """Serve an oEmbed answer and return the page's link to it."""
    url = site.put("/oembed", Answer(json.dumps({"version": "1.0", "type": "link", **fields}), "application/json"))
    return f'<link rel="alternate" type="application/json+oembed" href="{url}?url=x&amp;format=json">'


def test_open_graph_and_discovered_oembed_together(site: Site) -> None:
    site.put("/a.jpg", Answer(files.jpeg(320, 200), "image/jpeg"))
    site.put("/b.png", Answer(files.png(300, 300), "image/png"))
    link = oembed(site, type="video", title="From oEmbed", thumbnail_url=f"{site.url}/a.jpg", duration=62, width=640)
    html = (
        f'{link}<meta property="og:title" content="From Open Graph"><meta property="og:description" content="About it">'
    )
    found = previewer(site).preview(site.put("/", html + '<meta property="og:image" content="b.png"><title>x</title>'))
    assert (found.title, found.description) == ("From oEmbed", "About it")
    assert (found.image, found.image_width, found.image_height) == (f"{site.url}/a.jpg", 320, 200)
    assert found.choice_images == (f"{site.url}/a.jpg", f"{site.url}/b.png")
    assert found.oembed
    assert (found.oembed.type, found.oembed.width, found.oembed.duration, found.oembed.html) == ("video", 640, 62, None)
    assert site.asked[1][0] == "/oembed?url=x&format=json"
    assert found.ready


@pytest.fixture
def vimeo(tmp_path: Path) -> Iterator[tuple[Site, Previewer]]:
    """A server for vimeo.com with a certificate, and a previewer that treats its address as public."""
    server, client = sites.certificate(tmp_path, "vimeo.com", "i.vimeocdn.com")
    with sites.serving(server) as site:
        names = {"vimeo.com": [PUBLIC], "i.vimeocdn.com": [PUBLIC]}
        fetcher = Fetcher(Rules(), Resolver(names), Dialler(lambda *_: ("127.0.0.1", site.port)), client)
        yield site, Previewer(fetcher, known_providers, 5, PIXELS)


def test_a_video_at_vimeo(vimeo: tuple[Site, Previewer]) -> None:
    site, previewer = vimeo
    site.put("/api/oembed.json", Answer(json.dumps(VIMEO), "application/json"))
    site.put(
        "/76979871", '<meta name="keywords" content="player"><link rel="canonical" href="https://vimeo.com/76979871">'
    )
    found = previewer.preview("https://vimeo.com/76979871#t=3s")
    assert (found.url, found.title, found.keywords) == ("https://vimeo.com/76979871#t=3s", VIMEO["title"], "player")
    assert (found.image, found.image_width) == (VIMEO["thumbnail_url"], 295)
    assert found.oembed
    assert found.oembed.html
    assert 'src="https://player.vimeo.com/video/76979871?' in found.oembed.html
    assert [path.partition("?")[0] for path, _ in site.asked] == ["/api/oembed.json", "/76979871"]


def test_a_provider_that_answers_alone_is_enough(vimeo: tuple[Site, Previewer]) -> None:
    site, previewer = vimeo
    site.put("/api/oembed.json", Answer(json.dumps(VIMEO), "application/json"))
    found = previewer.preview("https://vimeo.com/76979871")
    assert (found.url, found.title) == ("https://vimeo.com/76979871", VIMEO["title"])


def test_a_page_whose_provider_does_not_answer_is_enough(vimeo: tuple[Site, Previewer]) -> None:
    site, previewer = vimeo
    site.put("/1", "<title>A film</title>")
    found = previewer.preview("https://vimeo.com/1")
    assert (found.title, found.oembed, found.ready) == ("A film", None, True)


@pytest.mark.parametrize(
    ("canonical", "taken"),
    [
        ("/other", True),
        ("https://127.0.0.1/x", False),
        ("https://bank.example.com/", False),
        ("http://169.254.169.254/", False),
    ],
)
def test_a_page_speaks_for_its_own_site_only(site: Site, canonical: str, taken: bool) -> None:
    url = site.put("/", f'<title>x</title><link rel="canonical" href="{canonical}">')
    assert (previewer(site).preview(url).url != url) == taken


@pytest.mark.parametrize(
    "behaviour",
    [
        sites.silent,
        sites.slow_header,
        sites.endless_interim,
        sites.no_http,
        sites.endless_header,
        redirect("/"),
        Answer("", status=500),
        Answer("<p>nothing to say"),
        Answer(b"", "image/png"),
    ],
    ids=lambda value: getattr(value, "__name__", value.__class__.__name__),
)
def test_nothing_to_show(site: Site, behaviour: Behaviour) -> None:
    url = site.put("/", behaviour)
    started = time.monotonic()
    found = previewer(site, 0.8).preview(url)
    assert time.monotonic() - started < 9
    assert (found.url, found.ready, found.title, found.image, found.choice_images) == (url, False, None, None, ())


@pytest.mark.parametrize("behaviour", [sites.endless_body, sites.slow_body], ids=lambda value: value.__name__)
def test_a_page_that_does_not_end_says_what_it_said_first(site: Site, behaviour: Behaviour) -> None:
    started = time.monotonic()
    assert previewer(site, 1.2).preview(site.put("/", behaviour)).title in ("endless", "the beginning")
    assert time.monotonic() - started < 10


def test_the_budget_is_for_everything_together(site: Site) -> None:
    site.put("/slow", sites.slow_body)
    link = f'<link rel="alternate" type="application/json+oembed" href="{site.put("/oembed", sites.silent)}">'
    images = "".join(f'<img src="{site.put(f"/{number}.png", sites.silent)}">' for number in range(10))
    started = time.monotonic()
    found = previewer(site, 1.5).preview(site.put("/", f"<title>slow</title>{link}{images}"))
    assert time.monotonic() - started < 10
    assert (found.title, found.image, found.image_width) == ("slow", f"{site.url}/0.png", None)


PICTURES = {
    "jpeg": files.jpeg(120, 80),
    "jpeg turned": files.jpeg(80, 120, exif_orientation=6),
    "png": files.png(120, 80),
    "gif": files.gif(2, 120, 80),
    "webp": files.webp(120, 80),
    "webp lossless": files.webp(120, 80, lossless=True),
    "webp with alpha": files.webp(120, 80, mode="RGBA"),
    "webp animated": files.webp(120, 80, frames=3),
    "large jpeg": files.jpeg(120, 80) + bytes(1000),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_pictures_size_is_in_its_first_bytes(name: str) -> None:
    assert size_of(PICTURES[name]) == Size(120, 80)
    assert size_of(PICTURES[name][:1500].ljust(1500, b"\0")) in (Size(120, 80), None)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"x", b"RIFF", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPVP8X", b"\xff\xd8\xff", b"GIF89a", b"<svg/>"),
        # a text in UTF-16, whose bytes after the first ones could be those of a JPEG's frame
        b"\xff\xfe\0\x02\xff\xc0\0\x11\x08\0\x50\0\x78\x03" + b"x" * 9 + b"\xff\xda",
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    assert size_of(data) is None
    assert size_of(data + b"\0" * 50) in (None, Size(0, 0), Size(1, 1))


def test_only_the_beginning_of_a_picture_is_fetched(site: Site) -> None:
    big = files.jpeg(3000, 2000, noise=True)
    assert len(big) > 4_000_000
    site.put("/big.jpg", Answer(big, "image/jpeg"))
    assert previewer(site).measure(f"{site.url}/big.jpg") == Size(3000, 2000)


def test_what_is_no_picture_is_passed_over(site: Site) -> None:
    site.put("/page.jpg", "<title>not a picture</title>")
    site.put("/bomb.png", Answer(files.png_bomb(), "image/png"))
    site.put("/good.gif", Answer(files.gif(1, 300, 200), "image/gif"))
    html = "".join(
        f'<meta property="og:image" content="{name}">' for name in ("page.jpg", "bomb.png", "good.gif", "more.gif")
    )
    found = previewer(site).preview(site.put("/", html))
    assert (found.image, found.image_width, found.image_height) == (f"{site.url}/good.gif", 300, 200)
    assert found.choice_images == (f"{site.url}/good.gif", f"{site.url}/more.gif")


def test_a_size_that_the_page_gives_is_believed(site: Site) -> None:
    html = '<meta property="og:image" content="/a.jpg"><meta property="og:image:width" content="1200">'
    found = previewer(site).preview(site.put("/", html + '<meta property="og:image:height" content="630">'))
    assert (found.image_width, found.image_height) == (1200, 630)
    assert not site.asked_for("/a.jpg")


def test_a_link_to_a_picture(site: Site) -> None:
    url = site.put("/photos/cat.jpg", Answer(files.jpeg(640, 480), "image/jpeg"))
    found = previewer(site).preview(url + "?size=l")
    assert (found.image, found.image_width, found.image_height) == (f"{url}?size=l", 640, 480)
    assert (found.title, found.ready) == ("cat.jpg", True)


@pytest.mark.parametrize(
    "inside",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/a.png",
        "http://localhost/",
        "file:///etc/passwd",
        "http://[::1]/",
        "http://inside.example.com/",
        "http://mixed.example.com/a.png",
        "http://127.0.0.1:22/",
        "http://u:p@127.0.0.1/",
    ],
)
@pytest.mark.parametrize("where", ["og:image", "oembed", "redirect", "thumbnail", "redirected image"])
def test_what_points_inside_is_not_followed(site: Site, inside: str, where: str) -> None:
    site.put("/away", redirect(inside))
    bodies = {
        "og:image": f'<title>x</title><meta property="og:image" content="{inside}">',
        "redirected image": '<title>x</title><meta property="og:image" content="/away">',
        "oembed": f'<title>x</title><link rel="alternate" type="application/json+oembed" href="{inside}">',
        "thumbnail": oembed(site, title="x", thumbnail_url=inside),
        "redirect": "",
    }
    one = previewer(site)
    resolver, dialler = (
        Resolver({"inside.example.com": ["10.0.0.1"], "mixed.example.com": [PUBLIC, "10.0.0.1"]}),
        Dialler(),
    )
    one = Previewer(
        Fetcher(Rules.from_settings(["127.0.0.1"], [site.port, 80]), resolver, dialler), known_providers, 3, PIXELS
    )
    found = one.preview(f"{site.url}/away" if where == "redirect" else site.put("/", bodies[where]))
    assert (found.title, found.image, found.image_width) == (None if where == "redirect" else "x", None, None)
    assert found.choice_images == () or where == "oembed"
    assert set(dialler.dialled) == {("127.0.0.1", site.port)}


def test_a_picture_is_had_whole_or_not_at_all(site: Site) -> None:
    data = files.png(64, 48)
    url = site.put("/a.png", Answer(data, "image/png"))
    assert previewer(site).picture(url, len(data)) == data
    with pytest.raises(TooLarge):
        previewer(site).picture(url, len(data) - 1)
    with pytest.raises(Unreachable):
        previewer(site, 0.5).picture(site.put("/slow", sites.slow_body), 10_000)
    with pytest.raises(Unwanted):
        previewer(site).picture(f"{site.url}/missing", 10_000)
    with pytest.raises(Forbidden):
        previewer(site).picture("http://10.0.0.1/", 10_000)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "\ud800x", "\0y", "z" * 200_000, "http://127.0.0.2:1/x.jpg"])
def test_a_photo_at_no_url_that_may_be_fetched(site: Site, url: str) -> None:
    link = oembed(site, type="photo", title="A photo", url=url)
    found = previewer(site).preview(site.put("/", f"{link}<title>x</title>"))
    assert found.oembed
    assert (found.oembed.url, found.image) == (None, None)


def test_a_preview_that_waited_long_for_its_place_was_no_fair_try(site: Site) -> None:
    class Slow(Places):
        @contextmanager
        def one(self, patience: float) -> Iterator[None]:
            time.sleep(patience)
            yield

    patient = previewer(site, 0.6)
    hurried = replace(patient, places=Slow(1))
    url = site.put("/", sites.silent)
    assert [(found.again, found.tried) for found in (patient.preview(url), hurried.preview(url))] == [
        (True, True),
        (True, False),
    ]
    assert hurried.preview(site.put("/", "<title>x</title>")).tried
