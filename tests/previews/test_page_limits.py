"""Limits of a page, and what is read of a page that exceeds them."""

import json
import time

import pytest

from scapi.previews import html as html_reader
from scapi.previews import page, texts
from scapi.previews.deadlines import Deadline
from scapi.previews.images import Image
from scapi.previews.texts import MAX_DESCRIPTION, MAX_KEYWORDS, MAX_TITLE
from tests.previews.reading import read


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
    urls = [image.url for image in found.images] + list(found.canonical)
    assert all(url.startswith(("https://www.example.com/", "https://server/share", "http://x/")) for url in urls)


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
    started = time.thread_time()
    read(body)
    assert time.thread_time() - started < 3


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
    started = time.thread_time()
    read(body)
    assert time.thread_time() - started < 2


def test_json_ld_graphs_are_bounded() -> None:
    graph = [{"@type": "Article", "headline": f"number {number}"} for number in range(8_000)]
    assert read(f'<script type="application/ld+json">{json.dumps({"@graph": graph})}</script>').title == "number 0"


@pytest.mark.parametrize(
    "words",
    [
        ",".join(["same"] * 100_000),
        "," * 500_000,
        '","'.join(str(number) for number in range(100_000)),
    ],
    ids=lambda words: words[:10],
)
def test_keywords_are_looked_at_as_far_as_they_will_be_shown(words: str) -> None:
    html = f'<meta name="keywords" content="{words}">'
    html += f'<script type="application/ld+json">{{"@type":"Article","keywords":["{words[:500_000]}"]}}</script>'
    cleaned = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "clean", lambda value, _: cleaned.append(value) or value)
        found = texts.joined((word for word in words.split(",")), MAX_KEYWORDS)
    assert len(cleaned) <= texts.MAX_KEYWORDS_READ
    assert len(found or "") <= MAX_KEYWORDS
    assert len(read(html).keywords or "") <= MAX_KEYWORDS


def test_reading_ends_when_the_time_is_over() -> None:
    over = Deadline.after(0)
    assert html_reader.elements("<title>x</title>" * 1000, over) == []


@pytest.mark.parametrize(
    "script",
    [
        '"' + '\\"' * 250_000,
        "/*" * 250_000,
        "<!--" * 100_000,
        ", " * 250_000,
        '{"a":1}' * 70_000,
        '{"@type":"Article","mainEntity":' * 1000 + "1" + "}" * 1000,
        json.dumps({"@graph": [{"@id": "#a", "mainEntity": {"@id": "#a"}, "image": {"@id": "#a"}}] * 5000}),
        json.dumps({"@type": ["Article"] * 50_000, "image": ["/a.jpg"] * 50_000}),
        json.dumps({"@type": "Article", "image": [{"@id": "x" * 1000}] * 300}),
    ],
    ids=lambda script: script[:20],
)
def test_json_ld_that_is_meant_to_be_expensive_is_read_soon(script: str) -> None:
    started = time.thread_time()
    read(f'<script type="application/ld+json">{script}</script>')
    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    "body",
    [
        "<meta " * 170_000,
        "<meta charset=" * 70_000,
        f'<img srcset="{"a " * 400_000}">',
        f'<img srcset="{"a," * 400_000}">',
        f'<img data-src="{"x" * 900_000}">',
        "<div itemscope itemprop=name>" * 3900,
        f'<link rel="{"x " * 400_000}" href=a>',
        "<p>" + "text " * 200_000,
        '<meta property="og:title" content="' + "</b " * 200_000 + '">',
        '<meta property="og:title" content="' + "&amp;" * 200_000 + '">',
    ],
    ids=lambda body: body[:20],
)
def test_attributes_and_texts_that_are_meant_to_be_expensive_are_read_soon(body: str) -> None:
    started = time.thread_time()
    read(body.encode()[: page.WANTED.max_bytes], None)
    assert time.thread_time() - started < 2
