"""The page on a phone, by keyboard, with a screen reader, in light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import files
from tests.client import upload
from tests.conftest import token as bearer
from tests.page import desk
from tests.previews.sites import Site
from tests.running import ROOT, Server

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"

WINDOWS = {"desktop": {"width": 1200, "height": 900}, "phone": {"width": 360, "height": 740}}


@pytest.fixture(scope="module", autouse=True)
def furnished(service: Server, elsewhere: Site) -> None:
    """User 8 has media of every kind; there are tags."""
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
def test_nothing_serious_is_found(
    visit: Callable[..., Page], tmp_path: Path, artefacts: Path, scheme: str, window: str
) -> None:
    phone = window == "phone"
    page = visit(viewport=WINDOWS[window], color_scheme=scheme, has_touch=phone, is_mobile=phone)
    desk.set_token(page, desk.token(8))
    expect(page.get_by_role("list", name="Media").get_by_role("listitem")).to_have_count(6)
    desk.Line(page, 100_000)
    desk.choose(
        page,
        desk.written(
            tmp_path / "a photo with a long name, as cameras and people give them.jpg", files.jpeg(900, 900, noise=True)
        ),
        desk.written(tmp_path / "broken.png", files.truncated(files.png(), 0.5)),
    )
    desk.wait_for_bytes(page, "a photo", 100_000)
    expect(desk.upload(page, "broken")).to_contain_text("This image cannot be read")
    expect(page.get_by_text("left", exact=False)).to_be_visible()
    page.screenshot(path=artefacts / f"page-{window}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert findings(page) == []
    page.get_by_role("button", name="New tag").click()
    page.screenshot(path=artefacts / f"page-{window}-{scheme}-dialog.png")
    assert findings(page) == []


def findings(page: Page) -> list[str]:
    """Return what axe finds that keeps people out."""
    page.evaluate(AXE.read_text())  # a script element would be against the page's policy
    violations = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [
        f"{found['id']}: {node['html']}"
        for found in violations
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


def test_it_works_by_keyboard(page: Page, tmp_path: Path) -> None:
    photo = desk.written(tmp_path / "pressed.png", files.png())
    page.on("filechooser", lambda chooser: chooser.set_files(photo))
    press(page, "Tab", "Tab", "Enter")
    page.get_by_label("Bearer token").press_sequentially(desk.token(9))
    press(page, "Enter")
    expect(page.get_by_role("button", name="User 9")).to_be_focused()
    press(page, "Tab", "Enter")
    remove = desk.media(page, "pressed").get_by_role("button", name="Delete")
    expect(remove).to_be_visible()
    while not remove.evaluate("button => button === document.activeElement"):
        press(page, "Tab")
    press(page, "Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    press(page, "Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(remove).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    press(page, "Tab", "Enter")
    expect(page.get_by_role("heading", name="Library")).to_be_focused()
    expect(desk.media(page, "pressed")).to_have_count(0)


def press(page: Page, *keys: str) -> None:
    """Press keys, one after another."""
    for key in keys:
        page.keyboard.press(key)
