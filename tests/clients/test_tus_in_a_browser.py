"""Uppy with its plug-in for tus, and tus-js-client, unchanged, in a real browser on a page of another origin."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests import files
from tests.client import fetch
from tests.page import desk
from tests.running import Server
from tests.tus.speaking import TUS

CLIENTS = ("Uppy", "tus-js-client")

TIMEOUT = 30_000
"""Milliseconds to wait for an expected event; much more than it takes."""

SPEED = 400_000
"""Bytes per second of the page's line, so slow that an upload can be interrupted."""

CAUGHT = 250_000
"""Bytes of an upload that must be sent before it is interrupted."""


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo that takes some seconds on that line."""
    path = desk.written(tmp_path_factory.mktemp("photos") / "lake.jpg", files.jpeg(1100, 900, noise=True))
    assert path.stat().st_size > 3 * CAUGHT
    return path


@pytest.fixture
def page(browser: Any, elsewhere: str, server: Server) -> Iterator[Page]:
    """The page, with the token of user 31."""
    expect.set_options(timeout=TIMEOUT)
    with browser.new_context() as context:
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        page.goto(f"{elsewhere}tus-page.html?{urlencode({'api': server.url, 'token': desk.token(31)})}")
        yield page


def choose(page: Page, client: str, *paths: Path) -> Locator:
    """Choose files for a client and return the group of its controls."""
    group = page.get_by_role("group", name=client)
    group.get_by_label("Files").set_input_files(paths)
    return group


def requests_of(page: Page) -> list[tuple[str, str, int]]:
    """Return a list that grows by each request of tus from now on: its method, path and Upload-Offset (0 without)."""
    seen: list[tuple[str, str, int]] = []

    def note(request: Request) -> None:
        path = urlsplit(request.url).path
        if path.startswith(TUS) and request.method in ("POST", "HEAD", "PATCH"):
            seen.append((request.method, path, int(request.headers.get("upload-offset", 0))))

    page.on("request", note)
    return seen


def under_way(page: Page, group: Locator, count: int = CAUGHT) -> None:
    """Wait until `count` bytes have been sent."""
    output = group.locator("output").element_handle()
    page.wait_for_function("([output, count]) => Number(output.value) >= count", arg=[output, count])


def is_done(server: Server, group: Locator, photo: Path) -> None:
    """Wait for the media, and compare it with the photo."""
    item = group.get_by_role("listitem")
    expect(item).to_have_text(re.compile(f"{photo.name} http"))
    assert fetch(server, item.inner_text().split()[-1]).content == photo.read_bytes()


@pytest.mark.parametrize("client", CLIENTS)
def test_an_upload_goes_on_after_a_pause_and_after_a_reload(
    page: Page, server: Server, photo: Path, client: str
) -> None:
    seen = requests_of(page)
    desk.Line(page, SPEED)
    group = choose(page, client, photo)
    under_way(page, group)
    group.get_by_role("button", name="Pause").click()
    with page.expect_request(lambda request: request.method == "PATCH"):
        group.get_by_role("button", name="Resume").click()
    under_way(page, group, 2 * CAUGHT)
    page.reload()
    group = choose(page, client, photo)
    is_done(server, group, photo)
    assert [method for method, _, _ in seen] == ["POST", "PATCH", "HEAD", "PATCH", "HEAD", "PATCH"]
    assert len({path for method, path, _ in seen if method != "POST"}) == 1
    offsets = [offset for method, _, offset in seen if method == "PATCH"]
    assert 0 == offsets[0] < offsets[1] < offsets[2]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_file_that_is_refused_keeps_no_other_from_coming(
    page: Page, server: Server, photo: Path, tmp_path: Path, client: str
) -> None:
    group = choose(page, client, desk.written(tmp_path / "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    expect(group.get_by_role("alert")).to_contain_text("SVG files are not accepted")
    small = desk.written(tmp_path / "small.png", files.png())
    choose(page, client, small)
    expect(group.get_by_role("listitem").filter(has_text="small.png")).to_be_visible()


def test_uppy_uploads_several_files_at_once(page: Page, server: Server, tmp_path: Path) -> None:
    chosen = [desk.written(tmp_path / f"{number}.png", files.png(seed=number)) for number in range(8)]
    chosen.append(desk.written(tmp_path / "minutes.pdf", files.pdf(2)))
    group = choose(page, "Uppy", *chosen)
    for path in chosen:
        item = group.get_by_role("listitem").filter(has_text=path.name)
        expect(item).to_be_visible()
        assert fetch(server, item.inner_text().split()[-1]).content == path.read_bytes()
