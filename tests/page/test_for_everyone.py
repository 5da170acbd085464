"""The page on a phone, by keyboard, with a screen reader, in light and dark."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import files
from tests.client import upload
from tests.conftest import token as bearer
from tests.page import desk
from tests.previews.sites import Site
from tests.running import ROOT, Server

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"

WINDOWS = {"desktop": {"width": 1200, "height": 900}, "phone": {"width": 360, "height": 740}}


@pytest.fixture(scope="session", autouse=True)
def furnished(service: Server, elsewhere: Site) -> None:
    """User 8 has media of every kind; there are tags. Once per service: a worker may come back to this module."""
    for number, data in enumerate((files.jpeg(1200, 800), files.png(300, 900), files.pdf(12), files.gif(3))):
        upload(service, data, filename=f"summer in a place with a very long name {number}", headers=bearer(8))
    link = {"type": "url", "url": elsewhere.put("/linked", "<title>What somebody wrote elsewhere</title>")}
    service.request("POST", "/api/v2/media/", json=link, headers=bearer(8))
    embed = {"type": "embed", "embed_type": "poll", "embed_id": "1"}
    service.request("POST", "/api/v2/media/", json=embed, headers=bearer(8))
    for name, color in (
        ("Music", "#8040c0"),
        ("Mountains", "#2f7d4f"),
        ("Verbandsgemeindeangelegenheiten", "#c02040"),
    ):
        service.request("POST", "/api/v2/tag/", json={"name": name, "color": color, "description": f"All about {name}"})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing(
    visit: Callable[..., Page], tmp_path: Path, artefacts: Path, scheme: str, window: str
) -> None:
    phone = window == "phone"
    page = visit(viewport=WINDOWS[window], color_scheme=scheme, has_touch=phone, is_mobile=phone)
    desk.set_token(page, desk.token(8))
    expect(page.get_by_role("list", name="Media").get_by_role("listitem")).to_have_count(6)
    desk.Line(page, 100_000)
    endless = files.jpeg(
        1900, 1900, noise=True
    )  # takes half a minute, so that it does not become a media, which the next page would show
    desk.choose(
        page,
        desk.written(tmp_path / "a photo with a long name, as cameras and people give them.jpg", endless),
        desk.written(tmp_path / "broken.png", files.truncated(files.png(), 0.5)),
    )
    desk.wait_for_bytes(page, "a photo", 100_000)
    expect(desk.upload(page, "broken")).to_contain_text("This image cannot be read")
    expect(page.get_by_text(re.compile(r"\d+ ?s left"))).to_be_visible()
    page.screenshot(path=artefacts / f"page-{window}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert findings(page) == []
    page.locator(".tile").nth(5).click()
    expect(page.get_by_role("dialog")).to_contain_text("6 of 6")
    page.screenshot(path=artefacts / f"page-{window}-{scheme}-large.png")
    assert findings(page) == []
    page.keyboard.press("Escape")
    desk.show(page, "Tags")
    page.get_by_role("button", name="New tag").click()
    page.screenshot(path=artefacts / f"page-{window}-{scheme}-dialog.png")
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("list", name="Tags")).to_be_visible()
    assert findings(page) == []


def findings(page: Page) -> list[str]:
    """Return all findings of axe, also minor ones."""
    page.evaluate(AXE.read_text())  # the page's policy forbids a script element
    violations = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [f"{found['id']}: {node['html']}" for found in violations for node in found["nodes"]]


def test_no_button_is_covered_on_a_small_phone(visit: Callable[..., Page], service: Server, tmp_path: Path) -> None:
    page = visit(viewport={"width": 320, "height": 568}, has_touch=True, is_mobile=True)
    desk.set_token(page, desk.token(8))
    expect(page.get_by_role("button", name="Take a photo")).to_be_visible()
    assert page.get_by_label("Take a photo").get_attribute("capture") == "environment"
    desk.choose(page, *(desk.written(tmp_path / f"words-{number}.png", b"Some words.") for number in range(3)))
    expect(page.get_by_text("3 could not be uploaded")).to_be_visible()
    for view in ("Library", "Tags"):
        desk.show(page, view)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(COVERED) == []
    desk.show(page, "Library")
    page.locator(".tile").first.click()
    assert page.evaluate(COVERED) == []


COVERED = """() => [...(document.querySelector('dialog[open]') ?? document).querySelectorAll(
        'button, a, input, select, label.button')]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches('.unseen'))
    .filter((element) => {
        element.scrollIntoView({ block: 'nearest' })
        const { left, top, width, height } = element.getBoundingClientRect()
        const found = document.elementFromPoint(left + width / 2, top + height / 2)
        return !element.contains(found)
    })
    .map((element) => element.outerHTML)
"""
"""Buttons and fields that are covered by another element when they are scrolled into view."""


def test_it_works_by_keyboard(page: Page, tmp_path: Path) -> None:
    photos = [
        desk.written(tmp_path / f"{name}.png", files.png(64 + number)) for number, name in enumerate(("one", "two"))
    ]
    page.on("filechooser", lambda chooser: chooser.set_files(photos))
    press(page, "Tab", "Tab", "Enter")
    page.get_by_label("Bearer token").press_sequentially(desk.token(9))
    press(page, "Enter")
    expect(page.get_by_role("button", name="User 9")).to_be_focused()
    press(page, "Tab", "Enter")
    tiles = page.get_by_role("list", name="Media of").get_by_role("listitem")
    expect(tiles).to_have_count(2)

    tab_to(page, page.get_by_role("tab", name="Library"))
    press(page, "ArrowRight")
    expect(page.get_by_role("tab", name="Tags")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Tags")).to_be_visible()
    press(page, "ArrowRight")
    expect(page.get_by_role("tab", name="Library")).to_be_focused()

    tile = desk.media(page, "one").get_by_role("button")
    tab_to(page, tile)
    press(page, "Enter")
    expect(page.get_by_role("dialog", name="one")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(tile).to_be_focused()
    press(page, "Tab", "Space")
    expect(page.get_by_label("Select one")).to_be_checked()
    remove = page.get_by_role("group", name="Selection").get_by_role("button", name="Delete")
    tab_to(page, remove)
    press(page, "Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    press(page, "Tab", "Enter")
    expect(page.get_by_role("heading", name="Library")).to_be_focused()
    expect(tiles).to_have_count(1)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus."""
    for _ in range(30):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(target).to_be_focused()


def press(page: Page, *keys: str) -> None:
    """Press keys, one after another."""
    for key in keys:
        page.keyboard.press(key)
