"""JSON-LD and microdata: objects about the page, and objects about something else."""

import json
from typing import Any

import pytest

from scapi.previews.jsonld import objects
from tests.previews.reading import read

HERE = "https://www.example.com/a/b?c=d"


def page(data: Any, head: str = "") -> str:
    return f'{head}<script type="application/ld+json">{json.dumps(data)}</script>'


@pytest.mark.parametrize(
    "script",
    [
        '<!-- {"name": "it\'s", "url": "http://a//b"} -->',
        '/* <![CDATA[ */ {"name": "it\'s", "url": "http://a//b"} /* ]]> */',
        '// <![CDATA[\n{"name": "it\'s", "url": "http://a//b",}\n// ]]>',
        '{"name": "it\\\'s", "url": "http://a//b", };',
        '{"name": "it\'s", // a remark\n "url": "http://a//b" /* another */}',
        '{"name": "it\'s",, "url": "http://a//b",, }',
        '\ufeff {"name": "it\'s", "url": "http:\\/\\/a//b"} , ',
        "{&quot;name&quot;: &quot;it's&quot;, &quot;url&quot;: &quot;http://a//b&quot;}",
    ],
)
def test_what_is_not_quite_json(script: str) -> None:
    assert list(objects([script])) == [{"name": "it's", "url": "http://a//b"}]


def test_control_characters_stay_in_texts_and_values_may_follow_each_other() -> None:
    assert list(objects(['{"name": "a\tb\nc"}{"name": "d"},[{"name": "e"}]'])) == [
        {"name": "a\tb\nc"},
        {"name": "d"},
        {"name": "e"},
    ]


@pytest.mark.parametrize("kind", ["APPLICATION/LD+JSON", "application/ld+json;charset=utf-8", " application/ld+json "])
def test_the_type_of_a_script(kind: str) -> None:
    assert read(f'<script type="{kind}">{{"@type":"Recipe","name":"Soup"}}</script>').title == "Soup"


SOMETHING_ELSE: list[Any] = [
    [{"@type": "Recipe", "name": "Soup"}, {"@type": "Recipe", "name": "Salad"}],
    [{"@type": "BlogPosting", "headline": "First post"}, {"@type": "BlogPosting", "headline": "Second post"}],
    {"@type": "AudioObject", "name": "Play this"},
    {"@type": ["ImageObject"], "name": "Masthead"},
    {"@graph": [{"@type": "WebSite", "name": "Site"}, {"@type": "Organization", "name": "Owner"}]},
    {"@type": "ItemList", "itemListElement": [{"@type": "Product", "name": "Spoon"}]},
    {"@type": "Article", "headline": "Wikimedia disambiguation page"},
    {"@type": "WebPage", "name": "Home"},
]


@pytest.mark.parametrize("data", SOMETHING_ELSE, ids=lambda data: json.dumps(data)[:40])
def test_what_is_not_about_the_page_does_not_name_it(data: Any) -> None:
    described = [{**node, "description": "wrong"} for node in (data if isinstance(data, list) else [data])]
    found = read(page(described, "<title>What a person reads</title>"))
    assert (found.title, found.description) == ("What a person reads", None)


@pytest.mark.parametrize(
    "data",
    [
        {"@type": "WebPage", "name": "x", "mainEntity": {"@type": "Person", "name": "Ada Lovelace"}},
        {"@graph": [{"@type": "ProfilePage", "mainEntity": {"@id": "#a"}}, {"@id": "#a", "name": "Ada Lovelace"}]},
        [{"@type": "Article", "name": "Ada Lovelace", "headline": "Wikimedia human article"}],
        [
            {"@type": "Article", "headline": "Something else"},
            {"@type": "Article", "headline": "Ada Lovelace", "mainEntityOfPage": {"@id": f"{HERE}#main"}},
        ],
        [{"@type": "Article", "headline": "Ada Lovelace"}, {"@type": "Article", "headline": "Read this, too"}],
        [{"@type": "Product", "name": "Ada Lovelace", "url": HERE}, {"@type": "Product", "name": "More"}],
        {"@type": "http://schema.org/Book", "name": {"@value": "Ada Lovelace", "@language": "en"}},
    ],
    ids=lambda data: json.dumps(data)[:40],
)
def test_what_is_about_the_page_names_it(data: Any) -> None:
    assert read(page(data, "<title>Ada Lovelace (1815 - 1852) | Site</title>")).title == "Ada Lovelace"


@pytest.mark.parametrize(
    "image",
    [
        "/a.jpg",
        ["/a.jpg", "/b.jpg"],
        {"@type": "ImageObject", "contentUrl": "/a.jpg"},
        {"@list": ["/a.jpg"]},
        {"url": {"@id": "/a.jpg"}},
        {"@id": "#picture"},
        [{"@id": "#picture"}],
        {"@id": "/a.jpg"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["image", "thumbnailUrl", "primaryImageOfPage"])
def test_pictures_in_json_ld(image: Any, name: str) -> None:
    picture = {"@type": "ImageObject", "@id": "#picture", "url": {"@value": "/a.jpg"}, "width": "1200", "height": 630}
    graph = {"@graph": [{"@type": "WebPage", "name": "x", name: image}, picture]}
    found = read(page(graph)).images[0]
    assert found.url == "https://www.example.com/a.jpg"
    assert found.declared
    if isinstance(image, dict) and image.get("@id") == "#picture":
        assert (found.width, found.height) == (1200, 630)


MICRODATA = """<body><div itemscope itemtype="https://schema.org/Recipe">
<span itemprop="author" itemscope itemtype="https://schema.org/Person"><b itemprop="name">The cook</b></span>
<h3 itemprop="name headline">Soup<br>of the day</h3><meta itemprop="description" content="Hot">
<div itemprop="image" itemscope><link itemprop="contentUrl" href="/soup.jpg"></div></div>"""


def test_microdata() -> None:
    found = read(MICRODATA)
    assert (found.title, found.description) == ("Soup of the day", "Hot")
    assert [image.url for image in found.images] == ["https://www.example.com/soup.jpg"]
    assert read(f"<title>Recipes</title>{MICRODATA}{MICRODATA}").title == "Recipes"
