"""The pages in docs/ can be built without warnings, have no broken links, and load nothing from other sites."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import html

from docs.extensions.settings_table import settings
from tests.running import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built like `make docs`."""
    folder = tmp_path_factory.mktemp("docs")
    options = re.search(r"sphinx-build (.*) -d ", (ROOT / "Makefile").read_text())
    assert options
    command = [Path(sys.executable).with_name("sphinx-build"), *options[1].split(), "-d", folder / "doctrees"]
    done = subprocess.run([*command, ROOT / "docs", folder / "site"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {page: html.parse(page).getroot() for page in site.rglob("*.html")}
    for page, tree in pages.items():
        for _element, attribute, url, _position in tree.iterlinks():
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                assert attribute == "href", f"{page.name} fetches {url}"
                continue
            target = (page.parent / parts.path).resolve() if parts.path else page
            assert target.is_file(), f"{page.name}: {url}"
            if parts.fragment and target in pages:
                assert pages[target].xpath("//*[@id=$id]", id=parts.fragment), f"{page.name}: {url}"
    for style in site.rglob("*.css"):
        # comments and the names of XML namespaces are not fetched
        fetched = re.sub(r'/\*.*?\*/|xmlns=("[^"]*"|\'[^\']*\')', "", style.read_text(), flags=re.DOTALL)
        assert "//" not in fetched, style.name


def test_every_setting_is_told(site: Path) -> None:
    text = html.parse(site / "settings.html").getroot().text_content()
    for name, _default, what in settings():
        assert name in text
        assert re.sub(r"[`\\]", "", what) in " ".join(text.split())


def test_every_operation_and_schema_is_told(site: Path) -> None:
    tree = html.parse(site / "api.html").getroot()
    titles = {title.text_content().rstrip("\u00b6") for title in tree.xpath("//h3")}
    assert titles >= {"MediaChunkUpload", "MediaChunkUploadComplete", "MediaCreate", "mediadestroy", "listTags", "Tag"}
