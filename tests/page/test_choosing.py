"""Files before they are uploaded by the page: refused, made smaller, found twice, pasted, dropped."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests import files
from tests.client import fetch
from tests.formats.heics import heic
from tests.page import desk
from tests.running import Server

MiB = 1024 * 1024

MORE_THAN_A_PIECE = MiB + 100_000
"""More sent bytes than this mean that the first piece, of 1 MiB, has been answered."""


def test_files_that_are_refused(page: Page, tmp_path: Path, artefacts: Path) -> None:
    only = "only JPEG, PNG, GIF, WebP"
    before_the_first_byte = {
        "words.jpg": (b"Dear friend, this is no picture at all.", f"This is a text file; {only}"),
        "drawing.png": (
            b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
            f"This is an SVG drawing; {only}",
        ),
        "film.jpg": (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", f"This is a video; {only}"),
        "sharp.jpg": (b"\xff\x0a\0\0", "This is a JPEG XL picture; "),
        "empty.gif": (b"", "This file is empty."),
        "dance.gif": (files.gif() + bytes(6 * MiB), "; the limit for GIF is 5 MB."),
        "map.png": (files.png_bomb(), "This picture has 50000 × 50000 pixels; the limit is 50 megapixels."),
    }
    sent = desk.chunks(page)
    desk.choose(page, *(desk.written(tmp_path / name, data) for name, (data, _) in before_the_first_byte.items()))
    for name, (_, message) in before_the_first_byte.items():
        expect(desk.upload(page, name)).to_contain_text(message)
    assert sent == []
    desk.choose(page, desk.written(tmp_path / "broken.png", files.truncated(files.png(400, 300, noise=True), 0.5)))
    expect(desk.upload(page, "broken")).to_contain_text("This image cannot be read")
    expect(desk.upload(page, "broken").get_by_role("button", name="Try again")).to_have_count(0)
    page.screenshot(path=artefacts / "page-refused.png")
    expect(page.get_by_text("8 could not be uploaded")).to_be_visible()
    page.get_by_role("button", name="Dismiss all").click()
    expect(page.get_by_role("list", name="Uploads")).to_have_count(0)


def test_photos_that_are_too_large_are_made_to_fit(page: Page, service: Server, tmp_path: Path) -> None:
    large = {
        "bytes.jpg": files.jpeg(2800, 2200, noise=True),
        "pixels.jpg": files.jpeg(8000, 6400, quality=60),
        "poster.png": files.png(1500, 1500, noise=True),
    }
    desk.choose(page, *(desk.written(tmp_path / name, data) for name, data in large.items()))
    desk.says(page, "3 files uploaded.")
    for name, mimetype in (("bytes", "image/jpeg"), ("pixels", "image/jpeg"), ("poster", "image/webp")):
        answer = fetch(service, desk.address(page, name))
        assert answer.headers["Content-Type"] == mimetype
        assert 50_000 < len(answer.content) <= 5 * MiB
    with Image.open(BytesIO(answer.content)) as image:
        assert image.width == image.height


def test_a_photo_of_a_phone(page: Page, service: Server, tmp_path: Path) -> None:
    assert "image/heic" in (page.get_by_label("Choose files").get_attribute("accept") or "")
    desk.choose(page, desk.written(tmp_path / "IMG_0001.HEIC", heic()))
    desk.says(page, "1 file uploaded.")
    assert fetch(service, desk.address(page, "IMG_0001")).headers["Content-Type"] == "image/jpeg"


def test_the_same_file_twice(page: Page, tmp_path: Path) -> None:
    first = desk.written(tmp_path / "first.png", files.png(seed=3))
    copy = desk.written(tmp_path / "copy.png", first.read_bytes())
    desk.choose(page, first)
    desk.says(page, "1 file uploaded.")
    page.reload()
    desk.choose(page, copy)
    expect(desk.upload(page, "copy.png")).to_contain_text("This file is in your library already.")
    desk.upload(page, "copy.png").get_by_role("button", name="Upload again").click()
    expect(desk.media(page, "copy")).to_be_visible()
    desk.choose(page, *(desk.written(tmp_path / name, files.png(70)) for name in ("left.png", "right.png")))
    expect(desk.upload(page, "right.png")).to_contain_text("This is the same file as left.png.")


def test_a_picture_that_is_pasted(page: Page, service: Server) -> None:
    page.evaluate(
        """(bytes) => {
            const clipboardData = new DataTransfer()
            clipboardData.items.add(new File([new Uint8Array(bytes)], 'image.png', { type: 'image/png' }))
            document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
        }""",
        list(files.png()),
    )
    desk.says(page, "1 file uploaded.")
    expect(desk.media(page, "pasted 2")).to_be_visible()


def test_a_file_that_is_dropped(visit: Callable[..., Page], service: Server, tmp_path: Path) -> None:
    page = visit()
    small = desk.written(tmp_path / "small.png", files.png())
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }))
            return transfer
        }""",
        [small.name, list(small.read_bytes())],
    )
    page.dispatch_event("h1", "dragover", {"dataTransfer": transfer})
    page.wait_for_function("() => getComputedStyle(document.body, '::after').content === '\"Drop to upload\"'")
    page.dispatch_event("h1", "drop", {"dataTransfer": transfer})
    desk.says(page, "1 file uploaded.")
    desk.arrived(service, page, "small", small)
