"""Targets of links other than pages: files, pictures, pages that redirect."""

from dataclasses import dataclass

import pytest

from tests import files
from tests.previews import sites
from tests.previews.sites import Answer, Site, redirect
from tests.previews.test_preview import previewer


@pytest.mark.parametrize(
    "page",
    [
        Answer('<meta http-equiv="Refresh" content="0; URL=\'/there?a=1&amp;b=2\'"><title>Wait</title>'),
        Answer("<title>Wait</title>", headers={"Refresh": "3;url=there"}),
        Answer('<meta http-equiv=refresh content="1"><meta http-equiv=refresh content=".5, there">'),
    ],
    ids=["meta", "header", "second"],
)
def test_a_page_that_sends_elsewhere_at_once(site: Site, page: Answer) -> None:
    site.put("/there", "<title>There</title>")
    assert previewer(site).preview(site.put("/", page)).title == "There"


@pytest.mark.parametrize(
    "content",
    [
        "5; url=/there",
        "0",
        "0; url=/",
        "0; url=http://10.0.0.1/",
        "0; url=http://127.0.0.1:22/",
        "0; url=/missing",
        "0; url=/loop",
        "0; url=javascript:alert(1)",
    ],
)
def test_a_page_that_sends_nowhere_speaks_for_itself(site: Site, content: str) -> None:
    site.put("/there", "<title>There</title>")
    site.put("/loop", '<meta http-equiv="refresh" content="0; url=/">')
    url = site.put("/", f'<meta http-equiv="refresh" content="{content}"><title>Here</title>')
    assert previewer(site).preview(url).title == "Here"


def test_who_has_scripts_does_not_see_a_noscript(site: Site) -> None:
    site.put("/there", "<title>There</title>")
    noscript = '<noscript><meta http-equiv="refresh" content="0; url=/there"></noscript><title>Here</title>'
    assert previewer(site).preview(site.put("/", noscript)).title == "Here"


@dataclass
class File:
    """A link to a file, and its card."""

    path: str
    answer: Answer
    title: str
    description: str


def _attached(body: bytes, kind: str, disposition: str) -> Answer:
    return Answer(body, kind, headers={"Content-Disposition": disposition})


FILES = [
    File("/a/My%20paper%20%C3%A4.pdf", Answer(files.pdf(), "application/pdf"), "My paper ä.pdf", "PDF, "),
    File("/film.mp4", Answer(bytes(300_000), "video/mp4"), "film.mp4", "MP4, 300 kB"),
    File("/feed", Answer("<rss><title>x</title></rss>", "application/rss+xml"), "feed", "RSS, 27 bytes"),
    File("/data.json?x=1", Answer("{}", "application/json"), "data.json", "JSON, 2 bytes"),
    File("/notes.txt", Answer("<title>no</title>", "text/plain"), "notes.txt", "TXT, 17 bytes"),
    File("/", Answer(b"x", "application/pdf"), "127.0.0.1", "PDF, 1 bytes"),
    File(
        "/get",
        _attached(b"PK", "application/octet-stream", 'attachment; filename="C:\\\\x\\\\a b.zip"'),
        "a b.zip",
        "ZIP, 2 bytes",
    ),
    File(
        "/get",
        _attached(b"x", "text/csv", "inline; filename*=UTF-8''%E2%82%AC.csv; filename=e.csv"),
        "€.csv",
        "CSV, 1 bytes",
    ),
    File("/get", _attached(b"x", "audio/mpeg", "attachment; filename*=none''a%20b.mp3"), "a b.mp3", "MP3, 1 bytes"),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.title)
def test_what_is_no_page_has_its_name(site: Site, file: File) -> None:
    site.put(file.path.partition("?")[0], file.answer)
    found = previewer(site).preview(site.url + file.path)
    assert (found.title, found.image, found.ready, found.again) == (file.title, None, True, False)
    assert (found.description or "").startswith(file.description)


@pytest.mark.parametrize("kind", ["html", "application/xml", "text/xml", None, "application/xhtml+xml"])
def test_pages_of_other_types(site: Site, kind: str | None) -> None:
    body = '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>A page</title></head></html>'
    assert previewer(site).preview(site.put("/", Answer(body, kind))).title == "A page"


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("a.png", files.png(120, 80), (120, 80)),
        ("a.svg", b'<?xml version="1.0"?><!-- x --><svg xmlns="a" viewBox="0 0 64 48"></svg>', (64, 48)),
        ("a.svg", b"<svg width='300px' height=\"200\"/>", (300, 200)),
        ("a.svg", b"<svg/>", (None, None)),
        ("a.avif", b"\0\0\0\x1cftypavif" + b"\0" * 20 + b"ispe" + bytes(4) + b"\0\0\1\0\0\0\0\x80", (256, 128)),
        ("a.avif", b"\0\0\0\x1cftypmif1\0\0\0\0avif", (None, None)),
    ],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain", "image/x"])
def test_pictures_of_any_type(site: Site, name: str, data: bytes, size: tuple[int, int], kind: str) -> None:
    found = previewer(site).preview(site.put(f"/my%20{name}", Answer(data, kind)))
    assert (found.title, found.image) == (f"my {name}", f"{site.url}/my%20{name}")
    assert (found.image_width, found.image_height) == size
    page = site.put("/", f'<meta property="og:image" content="/my {name}">')
    assert previewer(site).preview(page).image == f"{site.url}/my%20{name}"


def test_another_try_may_help_only_where_nobody_answered(site: Site) -> None:
    for answer, again in (
        (Answer("x", status=500), True),
        (Answer("x", status=429), True),
        (sites.no_http, True),
        (Answer("x", status=404), False),
        (Answer("<p>nothing to say"), False),
        (redirect("http://10.0.0.1/"), False),
        (Answer("<title>x</title>"), False),
    ):
        assert previewer(site).preview(site.put("/", answer)).again is again
