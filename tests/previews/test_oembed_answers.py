"""oEmbed answers in all formats, and the links of pages to them."""

from typing import Any

import pytest

from scapi.previews import page
from scapi.previews.addresses import Target
from scapi.previews.fetch import Fetched
from tests.previews.test_oembed import read

XML = """<?xml version="1.0" encoding="utf-8" standalone="yes"?><!DOCTYPE oembed [<!ENTITY e "x">]>
<oembed><version>1.0</version><type>Photo</type><title>Bees &amp;amp; <![CDATA[flowers]]></title><html>&lt;p&gt;</html>
<url>/bees.jpg</url><width> 640 </width><height>480</height></oembed>"""

ENTITIES = "".join(f"<!ENTITY a{number + 1} '{f'&a{number};' * 10}'>" for number in range(9))


def test_an_answer_in_xml() -> None:
    found = read(XML.encode(), "https://photos.example.com/oembed?format=xml")
    assert found
    assert (found.type, found.title, found.url) == ("photo", "Bees & flowers", "https://photos.example.com/bees.jpg")
    assert (found.image_width, found.image_height) == (640, 480)


@pytest.mark.parametrize(
    "body",
    [
        "<oembed",
        "<html><type>photo</type></html>",
        "<?xml version='1.0'?>",
        "<!DOCTYPE o [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><oembed><type>&a;</type></oembed>",
        f"<!DOCTYPE o [{ENTITIES}]><oembed><type>&a9;</type></oembed>",
        "<oembed>" + "<type>" * 30_000,
    ],
    ids=lambda body: body[:30],
)
def test_xml_that_is_no_answer(body: str) -> None:
    assert read(body.encode()) is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_answers_in_other_encodings(encoding: str) -> None:
    found = read('{"type": "RICH", "title": "Café &#8211; bar\n"}'.encode(encoding))
    assert found
    assert found.title == "Café – bar"


POST: dict[str, Any] = {
    "type": "rich",
    "author_name": "Ada",
    "html": '<blockquote class="post"><p lang="en">Good &amp; <a href="x">morning</a><br>all</p>&mdash; Ada (@ada) '
    '<a href="y">May 3</a></blockquote><script async src="z"></script>',
}


@pytest.mark.parametrize(
    ("more", "title", "description"),
    [
        ({}, "Ada", "Good & morning all"),
        ({"title": "A post"}, "A post", None),
        ({"description": "Said"}, "Ada", "Said"),
        ({"html": "<div>Just words</div><script>x</script>"}, "Ada", "Just words"),
        ({"html": None}, "Ada", None),
        ({"html": ["x"], "author_name": 7}, None, None),
        ({"type": "video"}, None, None),
    ],
    ids=str,
)
def test_a_post_without_a_title_has_its_author_and_its_words(
    more: dict[str, Any], title: str | None, description: str | None
) -> None:
    found = read(POST | more)
    assert found
    assert (found.title, found.description) == (title, description)


JSON_LINK = '<link rel=alternate type="application/json+oembed" href=/j>'


@pytest.mark.parametrize(
    ("html", "header", "found"),
    [
        ('<link rel="alternate" type="text/json+oembed" href="/o">', "", ["/o"]),
        ('<link rel="alternative" type="Application/JSON+oEmbed; charset=utf-8" href="/o">', "", ["/o"]),
        (f'<link rel=alternate type="text/xml+oembed" href=/x>{JSON_LINK}', "", ["/j", "/x"]),
        ("", '</o?a=1>; rel="alternate"; type="application/json+oembed"; title="x, y"', ["/o?a=1"]),
        ("", '</c>; rel=preload, <https://www.example.com/o>; type=text/xml+oembed; rel="me alternate"', ["/o"]),
        ('<link rel="alternate" type="application/json" href="/o">', "</o>; rel=alternate", []),
        ('<a rel="alternate" type="application/json+oembed" href="/o">', "<<>" + "</o" * 9000, []),
    ],
    ids=lambda value: str(value)[:30],
)
def test_links_to_answers(html: str, header: str, found: list[str]) -> None:
    target = Target.of("https://www.example.com/")
    answer = Fetched(target, "text/html", None, html.encode(), complete=True, headers={"link": header})
    assert list(page.read(answer).oembed) == [f"https://www.example.com{url}" for url in found]
