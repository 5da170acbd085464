"""What a page says about itself: pages in the style of the big sites, and broken ones."""

import json
import time
from dataclasses import replace

import pytest

from scapi.previews import page
from scapi.previews.addresses import Target
from scapi.previews.fetch import Fetched
from scapi.previews.page import Image, Page
from scapi.previews.texts import MAX_DESCRIPTION, MAX_KEYWORDS, MAX_TITLE

NEWS = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Storm reaches the coast - The Daily</title>
<link rel="canonical" href="https://news.example.com/storm">
<meta name="description" content="From the HTML">
<meta name="keywords" content="storm, coast,  weather,storm">
<meta property="og:type" content="article"><meta property="og:site_name" content="The Daily">
<meta property="og:title" content="Storm reaches the coast &amp; stays">
<meta property="og:description" content="From Open Graph">
<meta property="og:image" content="https://img.example.com/wide.jpg">
<meta property="og:image:width" content="1200"><meta property="og:image:height" content="630">
<meta property="og:image" content="/square.jpg"><meta property="og:image:width" content="600">
<meta name="twitter:card" content="summary_large_image"><meta name="twitter:title" content="From Twitter">
<meta name="twitter:image" content="https://img.example.com/twitter.jpg">
<script type="application/ld+json">
{"@context":"https://schema.org","@graph":[
 {"@type":"Organization","name":"The Daily","logo":"https://img.example.com/logo.png"},
 {"@type":["NewsArticle"],"headline":"From JSON-LD","keywords":["wind","coast"],
  "about":[{"@type":"Place","name":"Hamburg"}],"mentions":{"name":"Elbe"},
  "image":[{"@type":"ImageObject","url":"https://img.example.com/jsonld.jpg"},"https://img.example.com/wide.jpg"]}]}
</script></head>
<body><img src="pixel.gif" width="1" height="1"><img src="data:image/gif;base64,R0lGOD">
<img src="photo.jpg" width="640">
</body></html>"""

SHOP = """<html><head><title>Kettle</title><meta property="product:price:amount" content="20">
<script type="application/ld+json">{"@type":"Product","name":"Kettle, 2 l","description":"Boils water",
"image":"//cdn.example.com/kettle.jpg","keywords":"kettle, kitchen"}</script></head><body></body></html>"""

VIDEO = """<html><head><meta property="og:title" content="A film"><meta property="og:type" content="video.other">
<meta property="og:image:secure_url" content="https://i.example.com/poster.jpg">
<meta property="og:video:tag" content="x"><meta property="video:tag" content="film">
<link rel="alternate" type="application/json+oembed" href="/oembed?format=json&amp;url=a" title="A film">
<link rel="alternate" type="text/xml+oembed" href="/oembed?format=xml&amp;url=a"></head></html>"""

BLOG = """<html><head><base href="https://blog.example.org/2024/"><title>
  A   post
</title><link rel="shortcut icon" href="favicon.ico"><link rel="IMAGE_SRC" href="cover.png">
<link rel="apple-touch-icon" href="/touch.png"></head><body><h1>Heading</h1></body></html>"""

BARE = "<h1>Only a <em>heading</em></h1><p>and text"


def read(body: str | bytes, charset: str | None = "utf-8", url: str = "https://www.example.com/a/b?c=d") -> Page:
    data = body.encode() if isinstance(body, str) else body
    return page.read(Fetched(Target.of(url), "text/html", charset, data, complete=True))


def test_a_news_page() -> None:
    assert read(NEWS) == Page(
        title="Storm reaches the coast & stays",
        description="From Open Graph",
        keywords="wind, coast, storm, weather",
        entities="Hamburg, Elbe",
        canonical="https://news.example.com/storm",
        images=(
            Image("https://img.example.com/wide.jpg", 1200, 630),
            Image("https://www.example.com/square.jpg"),
            Image("https://img.example.com/twitter.jpg"),
            Image("https://img.example.com/jsonld.jpg"),
            Image("https://www.example.com/a/photo.jpg"),
        ),
        oembed=None,
    )


@pytest.mark.parametrize(
    ("gone", "title"),
    [
        ("og:title", "From Twitter"),
        ("og:title twitter:title", "From JSON-LD"),
        ("og:title twitter:title headline", "The Daily"),
        ("og:title twitter:title headline NewsArticle", "Storm reaches the coast - The Daily"),
    ],
)
def test_who_is_trusted_before_whom(gone: str, title: str) -> None:
    html = NEWS
    for word in gone.split():
        html = html.replace(word, "gone")
    if "headline" in gone and "NewsArticle" not in gone:
        html = html.replace('"gone":"From JSON-LD"', '"name":"The Daily"')
    assert read(html).title == title


def test_a_shop() -> None:
    found = read(SHOP)
    assert (found.title, found.description, found.keywords) == ("Kettle, 2 l", "Boils water", "kettle, kitchen")
    assert found.images == (Image("https://cdn.example.com/kettle.jpg"),)


def test_a_video_page() -> None:
    found = read(VIDEO)
    assert (found.title, found.keywords) == ("A film", "film")
    assert found.oembed == "https://www.example.com/oembed?format=json&url=a"
    assert found.images == (Image("https://i.example.com/poster.jpg"),)


def test_a_blog() -> None:
    found = read(BLOG)
    assert (found.title, found.description) == ("A post", None)
    assert found.images == (
        Image("https://blog.example.org/2024/cover.png"),
        Image("https://blog.example.org/touch.png"),
    )


def test_bare_html() -> None:
    assert read(BARE) == replace(read(""), title="Only a heading")


def test_a_page_that_says_nothing() -> None:
    empty = Page(None, None, None, None, None, (), None)
    for body in ("", "   ", "<html></html>", "\0\0\0", "<title></title>", '<meta property="og:title" content=" ">'):
        assert read(body) == empty


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<title>Größe</title>".encode("iso-8859-1"), "iso-8859-1"),
        ("<title>Größe</title>".encode("cp1252"), "LATIN1"),
        ('<meta charset="iso-8859-1"><title>Größe</title>'.encode("latin-1"), None),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><title>Größe</title>'.encode(
                "cp1252"
            ),
            None,
        ),
        ('<meta charset="latin1"><title>Größe</title>'.encode("utf-8-sig"), None),
        ('<meta charset="latin1"><title>Größe</title>'.encode("utf-8-sig"), "latin1"),
        ("<title>Größe</title>".encode("utf-16"), None),
        ("<title>Größe</title>".encode("utf-16-le"), "utf-16le"),
        ('<meta charset="latin1"><title>Größe</title>'.encode(), "utf-8"),
        ("<title>Größe</title>".encode(), None),
        ("<title>Größe</title>".encode(), "no-such-charset"),
        ("<title>Größe</title>".encode(), "base64"),
    ],
)
def test_encodings(body: bytes, charset: str | None) -> None:
    assert read(body, charset).title == "Größe"


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        ("日本語のページ", "cp932", "Shift_JIS"),
        ("日本語のページ", "euc-jp", "euc-jp"),
        ("中文网页", "gb18030", "gb2312"),
        ("中文網頁", "big5", "big5"),
        ("한국어 페이지", "cp949", "euc-kr"),
        ("Русский", "koi8-r", "koi8-r"),
        ("Русский", "cp1251", "windows-1251"),
        ("Ελληνικά", "iso-8859-7", "greek"),
        ("עברית", "cp1255", "windows-1255"),
    ],
)
def test_encodings_of_the_world(text: str, encoding: str, label: str) -> None:
    assert read(f"<title>{text}</title>".encode(encoding), label).title == text
    assert read(f'<meta charset="{label}"><title>{text}</title>'.encode(encoding), None).title == text


@pytest.mark.parametrize("name", ["og:title", "twitter:title"])
def test_long_texts_are_cut(name: str) -> None:
    html = f'<meta property="{name}" content="{"ab " * 5000}"><meta name="description" content="{"x" * 10_000}">'
    html += f'<meta name="keywords" content="{",".join(str(number) for number in range(5000))}">'
    found = read(html)
    assert found.title
    assert found.description
    assert found.keywords
    assert found.title.startswith("ab ab")
    assert found.title.endswith("…")
    assert len(found.title) <= MAX_TITLE
    assert len(found.description) == MAX_DESCRIPTION
    assert MAX_KEYWORDS - 10 < len(found.keywords) <= MAX_KEYWORDS
    assert found.keywords.startswith("0, 1, 2")


def test_a_title_of_ten_thousand_characters() -> None:
    title = read(f"<title>{'t' * 10_000}</title>").title
    assert title == "t" * (MAX_TITLE - 1) + "…"


def test_what_a_database_cannot_keep_is_taken_out() -> None:
    found = read("<title>a\0b&#0;c\x07d\u202ee\ud800f&#xD800;</title>".encode("utf-8", "surrogatepass"))
    assert found.title
    assert "\0" not in found.title
    assert "\x07" not in found.title
    assert "\u202e" not in found.title
    found.title.encode()


def test_only_web_urls_are_kept() -> None:
    bad = ["javascript:alert(1)", "data:image/png;base64,xx", "file:///etc/passwd", "ftp://a.example/x.jpg", "http://["]
    bad += ["http://u:p@a.example/x.jpg", "about:blank", "http://a b/", "//", "http:///x", "\\\\server\\share"]
    html = "".join(f'<meta property="og:image" content="{url}"><img src="{url}">' for url in bad)
    html += "".join(f'<link rel="canonical" href="{url}">' for url in bad)
    found = read(html)
    assert all(image.url.startswith("https://www.example.com/") for image in found.images)
    assert found.canonical is None or found.canonical.startswith("https://www.example.com/")


def test_the_number_of_images_is_bounded_and_each_is_there_once() -> None:
    html = "".join(f'<img src="/{number // 2}.jpg">' for number in range(1000))
    assert [image.url for image in read(html).images] == [f"https://www.example.com/{n}.jpg" for n in range(20)]


@pytest.mark.parametrize("size", ["-5", "0", "100%", "1e9", "nan", "inf", "99999999999999999999", "x", ""])
def test_sizes_that_cannot_be(size: str) -> None:
    html = f'<meta property="og:image" content="/a.jpg"><meta property="og:image:width" content="{size}">'
    assert read(html + '<meta property="og:image:height" content="100">').images == (
        Image("https://www.example.com/a.jpg"),
    )


@pytest.mark.parametrize(
    "body",
    [
        "<title>found</title><p>",
        "<<<<title>found</title>",
        "<html><html><head><body><head><title>found</title></head></body>",
        "<p><table><tr><title>found</title></table>",
        '<meta property="og:title" content="found"><meta property=og:title content=',
        '<META PROPERTY="OG:Title" CONTENT="found" />',
        '<noscript><img src="t.gif"></noscript><meta name="twitter:title" content="found">',
        '<script type="application/ld+json">{</script><script type=application/ld+json>{"@type":"Page","name":"found"}',
        '<script type="application/ld+json">[[[[{"@graph":[{"@type":"BlogPosting","name":"found"}]}]]]]</script>',
        "<title>found</title>" + "<div>" * 20_000,
        "<!-- <title>no</title> --><title>found</title>",
        "\x00<title>found</title>",
        '<svg><title>no</title></svg><meta property="og:title" content="found">',
    ],
    ids=lambda body: body[:30],
)
def test_invalid_html(body: str) -> None:
    assert read(body).title == "found"


@pytest.mark.parametrize(
    "script",
    [
        "[" * 100000,
        '{"@graph":' * 50000,
        "null",
        "1",
        '"x"',
        "NaN",
        '{"@type":1,"headline":[[]]}',
        '{"@type":"Article","image":[[1]]}',
        '{"@type":"Article","about":[null,1,{"name":[1]}],"keywords":{"a":1},"headline":{"b":2},"image":{"url":{}}}',
    ],
    ids=lambda script: script[:30],
)
def test_json_ld_that_is_not_what_it_should_be(script: str) -> None:
    assert read(f'<script type="application/ld+json">{script}</script>').title is None


@pytest.mark.parametrize(
    "unit",
    [
        "<div>",
        "<a><b>",
        "<img src=x>",
        '<meta property="og:image" content="/a">',
        "<title>x</title>",
        "<table><tr>",
        "a ",
        '<script type="application/ld+json">{"@graph":[]}</script>',
        '<link rel="alternate" href="x">',
        "<svg>",
        "&amp;",
    ],
)
def test_a_page_of_full_size_is_read_soon(unit: str) -> None:
    body = (unit * (page.WANTED.max_bytes // len(unit))).encode()
    started = time.monotonic()
    read(body)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "parts",
    [
        ("<div>" * 100000, "</p>" * 100000),
        ("<b>" * 3 + "<div>" * 100000, "</b>" * 100000),
        ("<a " + "x" * 500000, ""),
        ("<p ", " ".join(f"a{number}" for number in range(150000))),
        ("<div>" * 200, "</p>" * 200000),
        ("<!--" * 200000, ""),
        ("<" * 1000000, ""),
        ("<title>" * 100000, "&" * 300000),
        ('<a b="' * 150000, ""),
    ],
    ids=lambda parts: parts[0][:10],
)
def test_a_page_that_is_meant_to_be_expensive_is_read_soon(parts: tuple[str, str]) -> None:
    body = "".join(parts).encode()[: page.WANTED.max_bytes]
    started = time.monotonic()
    read(body)
    assert time.monotonic() - started < 2


def test_json_ld_graphs_are_bounded() -> None:
    graph = [{"@type": "Article", "headline": f"number {number}"} for number in range(8_000)]
    assert read(f'<script type="application/ld+json">{json.dumps({"@graph": graph})}</script>').title == "number 0"
