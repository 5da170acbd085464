"""Actions of a person on the page, and what the page shows."""

import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, expect

from scapi.http import auth
from tests.client import fetch
from tests.running import SECRET, Server


def written(path: Path, data: bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(data)
    return path


def choose(page: Page, *files: Path) -> None:
    """Choose files to upload."""
    page.get_by_label("Choose files").set_input_files(files)


def upload(page: Page, name: str) -> Locator:
    """Return the row of a file that is being uploaded."""
    return page.get_by_role("list", name="Uploads").get_by_role("listitem").filter(has_text=name)


def media(page: Page, name: str) -> Locator:
    """Return the tile of a media."""
    return page.get_by_role("list", name="Media of").get_by_role("listitem").filter(has_text=name)


def look_at(page: Page, name: str) -> Locator:
    """Open the large view of a media and return it."""
    media(page, name).get_by_role("button").click()
    return page.get_by_role("dialog", name=name)


def show(page: Page, tab: str) -> None:
    """Open a tab."""
    page.get_by_role("tab", name=tab).click()


def is_seen(page: Page, name: str) -> None:
    """Wait until the thumbnail of a media is shown."""
    image = media(page, name).locator("img").element_handle()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image)


def tag(page: Page, name: str) -> Locator:
    """Return the row of a tag."""
    return page.get_by_role("list", name="Tags").get_by_role("listitem").filter(has_text=name)


def says(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the status line says `text`."""
    expect(page.get_by_role("status")).to_have_text(text)


def set_token(page: Page, token: str) -> None:
    """Paste a token."""
    page.get_by_role("button", name=re.compile("[Tt]oken|User")).click()
    page.get_by_label("Bearer token").fill(token)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def token(user_id: int) -> str:
    """Return a token of `user_id`."""
    return auth.make_token(user_id, SECRET, timedelta(hours=1))


class Line:
    """The page's line to the server: slow, or cut."""

    def __init__(self, page: Page, bytes_per_second: int) -> None:
        self._session = page.context.new_cdp_session(page)
        self._speed = bytes_per_second
        self._apply(offline=False)

    def cut(self) -> None:
        """Cut the network."""
        self._apply(offline=True)

    def mend(self) -> None:
        """Restore the network."""
        self._apply(offline=False)

    def _apply(self, *, offline: bool) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": self._speed}
        self._session.send("Network.emulateNetworkConditions", conditions)


def wait_for_bytes(page: Page, name: str, count: int) -> None:
    """Wait until at least `count` bytes of a file were sent."""
    bar = upload(page, name).get_by_role("progressbar")
    expect(bar).to_be_visible()
    handle = bar.element_handle()
    page.wait_for_function("([bar, count]) => bar.value >= count", arg=[handle, count])


def address(page: Page, name: str) -> str:
    """Return the address of a media's file, once it is in the library."""
    href = look_at(page, name).get_by_role("link", name="Open").get_attribute("href")
    page.keyboard.press("Escape")
    assert href
    return href


def chunks(page: Page) -> list[str]:
    """Return a list that grows by each chunk that the page sends from now on: its Content-Range."""
    ranges: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/media/upload/chunk/"):
            ranges.append(request.headers["content-range"])

    page.on("request", note)
    return ranges


def arrived(service: Server, page: Page, name: str, path: Path) -> None:
    """Check that the server has the bytes of the file at `path`, and that its thumbnail is shown."""
    expect(media(page, name)).to_be_visible()
    assert fetch(service, address(page, name)).content == path.read_bytes()
    is_seen(page, name)
