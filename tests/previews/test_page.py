"""The metadata of a page: pages in the style of big sites, and broken ones."""

from dataclasses import replace

import pytest

from scapi.previews.images import Image
from scapi.previews.page import Page
from tests.previews.reading import read

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
 {"@type":["NewsArticle"],"headline":"Storm stays at the coast","keywords":["wind","coast"],
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


def test_a_news_page() -> None:
    assert read(NEWS) == Page(
        title="Storm reaches the coast & stays",
        description="From Open Graph",
        keywords="wind, coast, storm, weather",
        entities="Hamburg, Elbe",
        canonical=("https://news.example.com/storm",),
        images=(
            Image("https://img.example.com/wide.jpg", 1200, 630),
            Image("https://www.example.com/square.jpg"),
            Image("https://img.example.com/twitter.jpg"),
            Image("https://img.example.com/jsonld.jpg"),
            Image("https://www.example.com/a/photo.jpg"),
        ),
    )


@pytest.mark.parametrize(
    ("gone", "title"),
    [
        ("og:title", "From Twitter"),
        ("og:title twitter:title", "Storm stays at the coast"),
        ("og:title twitter:title NewsArticle", "Storm reaches the coast - The Daily"),
    ],
)
def test_who_is_trusted_before_whom(gone: str, title: str) -> None:
    html = NEWS
    for word in gone.split():
        html = html.replace(word, "gone")
    assert read(html).title == title


def test_a_shop() -> None:
    found = read(SHOP)
    assert (found.title, found.description, found.keywords) == ("Kettle, 2 l", "Boils water", "kettle, kitchen")
    assert found.images == (Image("https://cdn.example.com/kettle.jpg"),)


def test_a_video_page() -> None:
    found = read(VIDEO)
    assert (found.title, found.keywords) == ("A film", "film")
    assert found.oembed == tuple(f"https://www.example.com/oembed?format={form}&url=a" for form in ("json", "xml"))
    assert found.images == (Image("https://i.example.com/poster.jpg"),)


def test_a_blog() -> None:
    found = read(BLOG)
    assert (found.title, found.description) == ("A post", None)
    assert found.images == (Image("https://blog.example.org/2024/cover.png"),)


def test_bare_html() -> None:
    assert read(BARE) == replace(read(""), title="Only a heading")


def test_a_page_that_says_nothing() -> None:
    empty = Page(None, None, None, None, (), ())
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


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ('<meta property="twitter:title og:title" content="found">', "found"),
        ('<meta name="DC.title" content="found">', "found"),
        ('<meta name="title" content="found">', "found"),
        ('<meta name="citation_title" content="found"><title>found | Journal of Finds</title>', "found"),
        ("<template><title>no</title></template><title>found</title>", "found"),
        ("<h2>found</h2>", "found"),
        ("<h1>one<span>two</span><div>three</div></h1>", "onetwo three"),
        ("<h1><svg><title>no</title><text>no</text></svg>found</h1>", "found"),
        ('<meta property="og:title" value="found">', "found"),
        ('<meta property="og:title" content="example.com"><title>found</title>', "found"),
        (
            '<meta property="og:site_name" content="Site"><meta property="og:title" content="Site"><h1>found</h1>',
            "found",
        ),
        ('<meta property="og:title" content="example.com">', "example.com"),
        ("<div>" * 1000 + '<meta property="og:title" content="found">', "found"),
        (f'{"<link rel=preload href=/a.css>" * 9000}<meta property="og:title" content="found">', "found"),
    ],
    ids=lambda value: value[:40],
)
def test_titles(html: str, title: str) -> None:
    assert read(html).title == title


LONG = "This paragraph says in a few words what the whole page is about."


@pytest.mark.parametrize(
    ("html", "description"),
    [
        ('<meta name="dcterms.description" content="found">', "found"),
        (f"<p>By A. Writer</p><p>{LONG}</p><p>{LONG} More.</p>", LONG),
        (f"<nav><p>{LONG}</p></nav><footer><p>{LONG}</p></footer><p>{LONG[5:]}</p>", LONG[5:]),
        (f"<p><a href=/>{LONG}</a></p><p>{LONG[5:]}</p>", LONG[5:]),
        (
            "<p>今日の東京は晴れで、気温は二十五度まで上がるでしょう。</p>",
            "今日の東京は晴れで、気温は二十五度まで上がるでしょう。",
        ),
        (f"<p>{LONG[:30]}<script>x()</script><style>y</style>{LONG[30:]}</p>", LONG),
        ("<p>Too short.</p>", None),
        (f"<p>We use cookies. {LONG}</p><p>{LONG}</p>", LONG),
        (f"<p>Please enable JavaScript. {LONG}</p><p>{LONG[5:]}</p><article><p>{LONG}</p></article>", LONG),
    ],
    ids=lambda value: str(value)[:40],
)
def test_descriptions(html: str, description: str | None) -> None:
    assert read(html).description == description
