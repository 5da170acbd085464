"""Texts from all sources, as a browser would show them."""

import json

import pytest

from scapi.previews.texts import alike, clean
from tests.previews.reading import read


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Fish &amp; chips", "Fish & chips"),
        ("Don&#039;t", "Don't"),
        ("Caf&eacute;&nbsp;&#8211;&#x20;bar", "Café – bar"),
        ("<h2>News</h2><p>Of <em>today</em></p>", "News Of today"),
        ("one<br/>two", "one two"),
        ('see <a href="x">this</a><script>alert(1)</script>', "see this"),
        ("&lt;p&gt;hidden &lt;i&gt;twice&lt;/i&gt;&lt;/p&gt;", "hidden twice"),
        ("<![CDATA[raw]]>", "raw"),
        ("The <b> tag and the <strong> tag", "The <b> tag and the <strong> tag"),
        ("a < b && c > d", "a < b && c > d"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("AT&T; I <3 you", "AT&T; I <3 you"),
        ("new \U0001fae9 \U0001faea\U0001f9d1\u200d\U0001f680", "new \U0001fae9 \U0001faea\U0001f9d1\u200d\U0001f680"),
        ("a\u2028b\x85c\td", "a b c d"),
        ("\ufeffx\ue000\ud800\x07\u202ey\uffff\U0010ffff", "xy"),
        ("\u200b&nbsp;\u2060", None),
        (7, None),
    ],
)
def test_a_text_is_kept_as_it_is_shown(raw: object, shown: str | None) -> None:
    assert clean(raw, 300) == shown


def test_every_source_of_text_is_cleaned() -> None:
    html = "&amp;lt;b&amp;gt;Tom &amp;amp; Jerry&amp;lt;/b&amp;gt;".replace("&amp;lt;", "&lt;").replace(
        "&amp;gt;", "&gt;"
    )
    data = json.dumps({"@type": "Article", "headline": "<b>Tom &amp; Jerry</b>", "keywords": "a &amp; b"})
    for page in (
        f'<meta property="og:title" content="{html}">',
        f"<title>{html}</title>",
        f"<h1>{html}</h1>",
        f'<script type="application/ld+json">{data}</script>',
        f'<div itemscope itemtype="https://schema.org/Book"><b itemprop="name">{html}</b></div>',
    ):
        assert read(page).title == "Tom & Jerry"
    assert read(f'<script type="application/ld+json">{data}</script>').keywords == "a & b"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Storm reaches the coast", "Storm reaches the coast - The Daily", True),
        ("Storm hits the coast", "The coast: a storm hits", True),
        ("大阪の天気", "大阪の天気予報 | ニュース", True),
        ("Wikimedia list article", "List of rivers - Wikipedia", False),
        ("Watch our film", "The article", False),
        ("…", "…", False),
    ],
)
def test_titles_that_are_about_the_same(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same
