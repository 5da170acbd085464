"""A page on another origin that uploads like the published React components, in a real browser."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests import files
from tests.client import CHUNK, KiB, md5
from tests.conftest import token
from tests.running import ROOT, Server
from tests.storage_backends.fault_proxy import HANG_UP, fault_proxy

ARTEFACTS = ROOT / "artefacts"
TIMEOUT = 20_000
"""Milliseconds that an upload may take on a busy machine."""

Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, elsewhere: str) -> Iterator[Open]:
    """A function that opens the page for an address of scapi and a user."""
    context = browser.new_context(viewport={"width": 900, "height": 500})
    context.set_default_timeout(TIMEOUT)
    expect.set_options(timeout=TIMEOUT)

    def open_page(api: str, user: int = 7) -> Page:
        page = context.new_page()
        bearer = token(user)["Authorization"].removeprefix("Bearer ")
        page.goto(f"{elsewhere}page.html?{urlencode({'api': api, 'token': bearer})}")
        return page

    yield open_page
    context.close()


def choose(page: Page, **chosen: bytes) -> None:
    """Choose files, all at once; two underscores in a name stand for its dot."""
    payload: list[FilePayload] = []
    for name, data in chosen.items():
        stem, _, extension = name.partition("__")
        mimetype = {"jpg": "image/jpeg", "pdf": "application/pdf"}.get(extension, f"image/{extension}")
        payload.append({"name": f"{stem}.{extension}", "mimeType": mimetype, "buffer": data})
    kind = "documents" if "pdf" in extension else "images"
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=f"Choose {kind}").click()
    chooser.value.set_files(payload)


def media_of(page: Page, name: str) -> dict[str, Any]:
    """Wait for the media that the page gets for a file, and return it."""
    item = page.locator(f'li[data-file="{name}"]')
    item.wait_for()
    media: dict[str, Any] = json.loads(item.get_attribute("data-media") or "")
    return media


def fetched(page: Page, name: str) -> str:
    """Fetch a file by script, with the token, and return its type, MD5 and Content-Disposition as the page saw them."""
    item = page.locator(f'li[data-file="{name}"]')
    item.get_by_role("button", name="Fetch").click()
    expect(item.locator("output")).not_to_be_empty()
    return item.locator("output").inner_text()


def test_several_files_at_once(server: Server, open_page: Open) -> None:
    page = open_page(server.url)
    chunks: list[str] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.endswith(CHUNK):
            chunks.append(request.headers["content-range"])

    page.on("request", note)
    photo, gif, pdf = files.jpeg(2200, 1600, noise=True), files.gif(3, 200, 150), files.pdf(2, size=700 * KiB)
    assert len(photo) > 3_000_000
    choose(page, photo__jpg=photo, moving__gif=gif)
    choose(page, minutes__pdf=pdf)
    for name, data, kind in (
        ("photo.jpg", photo, "image"),
        ("moving.gif", gif, "image"),
        ("minutes.pdf", pdf, "document"),
    ):
        media = media_of(page, name)
        assert (media["type"], media["size"], media["title"]) == (kind, len(data), name[:-4])
        assert server.request("GET", media["url"].removeprefix(server.url)).content == data
    assert fetched(page, "minutes.pdf") == f"application/pdf {md5(pdf)} attachment; filename=minutes.pdf"
    expect(page.locator("img")).to_have_count(3)
    for image in page.locator("img").all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert chunks[:2] == [f"bytes 0-204799/{len(photo)}", f"bytes 204800-409599/{len(photo)}"]
    assert f"bytes 0-{len(gif) - 1}/{len(gif)}" in chunks
    assert chunks[-1] == f"bytes {len(pdf) // 204_800 * 204_800}-{len(pdf) - 1}/{len(pdf)}"
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "elsewhere.png")


def test_a_refused_file_keeps_no_other_from_coming(server: Server, open_page: Open) -> None:
    page = open_page(server.url)
    choose(page, drawing__svg=b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 10, fine__png=files.png())
    alert = page.get_by_role("alert")
    expect(alert).to_have_text("drawing.svg: SVG files are not accepted, because they can hold scripts; send a PNG")
    assert media_of(page, "fine.png")["type"] == "image"


def test_a_dropped_connection_in_the_middle(server: Server, open_page: Open) -> None:
    data = files.pdf(size=900 * KiB)
    with fault_proxy(server.url) as proxy:
        page = open_page(proxy.url)
        chunks = 0

        def drop_the_third(method: str, path: str) -> int | None:
            nonlocal chunks
            chunks += method == "POST" and path == CHUNK
            return HANG_UP if chunks == 3 and method == "POST" else None

        proxy.choose = drop_the_third
        choose(page, minutes__pdf=data)
        expect(page.get_by_role("alert")).to_have_text("minutes.pdf: the upload failed")
        choose(page, again__pdf=data)  # this client can send nothing else
        assert media_of(page, "again.pdf")["size"] == len(data)
        assert fetched(page, "again.pdf").split()[1] == md5(data)


def test_a_media_is_deleted(server: Server, open_page: Open) -> None:
    page = open_page(server.url)
    choose(page, fine__png=files.png())
    media = media_of(page, "fine.png")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("li")).to_have_count(0)
    assert server.request("GET", f"/api/v2/media/{media['id']}/").status_code == 404


def test_a_document_on_s3_is_fetched_and_the_token_stays_here(
    seaweed: Any, serve: Callable[..., AbstractContextManager[Server]], open_page: Open
) -> None:
    blocks = re.findall(r"^```json\n(.*?)^```", (ROOT / "docs" / "s3.md").read_text(), re.MULTILINE | re.DOTALL)
    [rule] = [block for block in map(json.loads, blocks) if "CORSRules" in block]
    client = seaweed.client()
    client.put_bucket_cors(Bucket=seaweed.bucket, CORSConfiguration=rule)
    pdf = files.pdf(size=300 * KiB)
    try:
        with serve(("sqlite", "seaweed"), workers=1) as server:
            page = open_page(server.url)
            asked: list[dict[str, str]] = []
            session = page.context.new_cdp_session(page)
            session.send("Network.enable")
            session.on("Network.requestWillBeSentExtraInfo", lambda event: asked.append(event["headers"]))
            choose(page, minutes__pdf=pdf)
            media = media_of(page, "minutes.pdf")
            page.evaluate("url => fetch(url, {mode: 'no-cors'})", media["url"])  # like a link or an image
            seen = fetched(page, "minutes.pdf")
            assert seen == f"application/pdf {md5(pdf)} attachment; filename=minutes.pdf"
            part = page.evaluate(
                "([url, headers]) => fetch(url, {headers}).then(async (answer) => "
                "[answer.status, answer.headers.get('Content-Range'), (await answer.blob()).size])",
                [media["url"], {**token(7), "Range": "bytes=10-19"}],
            )
            assert part == [206, f"bytes 10-19/{len(pdf)}", 10]
    finally:
        client.delete_bucket_cors(Bucket=seaweed.bucket)
    store = [headers for headers in asked if headers.get("Host") == seaweed.endpoint_url.removeprefix("http://")]
    assert "null" in [headers.get("Origin") for headers in store]  # a redirected request does not name its origin
    assert not [headers for headers in store if "Authorization" in headers]
