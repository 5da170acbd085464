"""The pictures of a page, best first."""

import pytest

from tests.previews.reading import read

SITE = "https://www.example.com"


def images(html: str) -> list[str]:
    return [image.url.removeprefix(SITE) for image in read(html).images]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/gif;base64,R0" data-src="/p.jpg">',
        '<img src="/blank.gif" data-original="/p.jpg">',
        '<img data-lazy-src="/p.jpg">',
        '<img src="/blank.gif" data-srcset="/s.jpg 300w, /p.jpg 1200w">',
        '<img class="lazyload" data-src-retina="/p.jpg">',
        '<img src="/tiny.jpg" data-large-file="/p.jpg">',
        '<img data-whatever="/p.jpg">',
        '<img srcset="/s.jpg 1x, /p.jpg 2x">',
        '<img srcset="/s.jpg 320w, /p.jpg 1600w, /huge.jpg 6000w" src="/s.jpg">',
        '<img srcset="/s.jpg?a=1,2 300w,/p.jpg 900w">',
        '<picture><source srcset="/s.webp 400w, /p.jpg 800w"><img src="/fallback.jpg"></picture>',
        '<picture><source data-srcset="/p.jpg"></picture>',
        '<picture><source srcset="/s.webp 100w"><source srcset="/p.jpg 1200w"><img src="/fallback.jpg"></picture>',
        '<link rel="preload" as="image" imagesrcset="/s.jpg 100w, /p.jpg 900w">',
        '<img data-src="{{ image }}" src="/p.jpg">',
        '<img src="https://pixel.example.com/x.gif"><img src="/p.jpg">',
        '<meta property="og:image" content="&#10;/p.jpg &#10;">',
        '<video poster="/p.jpg" src="/film.mp4"></video>',
        '<amp-img src="/p.jpg" width="640" height="480" layout="responsive"></amp-img>',
        '<amp-img srcset="/p.jpg 640w, /s.jpg 320w"></amp-img>',
        '<noscript><img src="/p.jpg"></noscript>',
        '<img srcset="data:image/gif;base64,R0lGOD 1w" src="/p.jpg">',
        "<div style=\"color: red; background-image: url('/p.jpg')\"></div>",
        '<div style="background: #fff url(/x.jpg)"></div><img src="/p.jpg">',
        '<link itemprop="image" href="/p.jpg">',
        '<img src="/other.jpg"><img itemprop="image" src="/p.jpg">',
        '<img src="/other.jpg"><meta itemprop="thumbnailUrl" content="/p.jpg">',
        '<a href="/"><img src="/logo.jpg"></a><img src="/p.jpg">',
        '<header><img class="site-logo" src="/x.jpg"></header><img src="/p.jpg">',
        '<nav><img src="/x.jpg"></nav><article><img src="/p.jpg"></article>',
        '<img src="/x.jpg"><figure><img src="/p.jpg"></figure>',
        '<img src="/x.svg"><img src="/p.jpg">',
        '<img src="/x.jpg" width="120" height="120"><img src="/p.jpg" width="640" height="480">',
        '<title>Ada Lovelace</title><img src="/x.jpg"><img src="/p.jpg" alt="Ada Lovelace in 1840">',
    ],
)
def test_the_best_picture_comes_first(html: str) -> None:
    assert images(html)[0] == "/p.jpg"


@pytest.mark.parametrize(
    "html",
    [
        '<img src="/x.gif" width="1" height="1">',
        '<img src="/x.jpg" height="20">',
        '<img src="/x.jpg" width="728" height="90">',
        '<img src="/x.jpg" style="display: none">',
        '<img src="/x.jpg" style="width:1px;height:1px">',
        '<img src="/x.jpg" hidden>',
        '<img src="data:image/png;base64,R0">',
        '<img data-json="{&quot;src&quot;: &quot;/x.jpg&quot;}">',
        "<template><img src=/x.jpg></template>",
        '<img src="">',
        '<link rel="preload" as="image" href="">',
        '<div itemprop="image"></div>',
        '<link rel="icon" href="/favicon.ico"><link rel="apple-touch-icon" href="/touch.png">',
    ],
)
def test_what_is_no_picture_of_a_page(html: str) -> None:
    assert images(html) == []
