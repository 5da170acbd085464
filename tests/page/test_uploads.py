"""Files on their way through a browser, over good lines and bad ones."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import files
from tests.client import fetch
from tests.page import desk
from tests.running import Server

MiB = 1024 * 1024


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of several MB."""
    return desk.written(tmp_path_factory.mktemp("photo") / "holiday.jpg", files.jpeg(2400, 1600, noise=True))


def arrived(service: Server, page: Page, name: str, path: Path) -> None:
    """Check that the server has the bytes of the file at `path`, and that its thumbnail is seen."""
    expect(desk.media(page, name)).to_be_visible()
    assert fetch(service, desk.address(page, name)).content == path.read_bytes()
    desk.is_seen(page, name)


def test_several_files_at_once(page: Page, service: Server, photo: Path, tmp_path: Path, artefacts: Path) -> None:
    dance = desk.written(tmp_path / "dance.gif", files.gif(6, 400, 300, noise=True))
    letter = desk.written(tmp_path / "letter.pdf", files.pdf(3, size=300_000))
    ranges = desk.chunks(page)
    desk.Line(page, 3 * MiB)
    desk.choose(page, photo, dance, letter)
    desk.wait_for_bytes(page, "holiday.jpg", MiB)
    expect(page.get_by_role("progressbar", name="All uploads")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d of 3 files · .* of .* · .*/s · .* left"))).to_be_visible()
    page.screenshot(path=artefacts / "page-uploading.png")
    desk.says(page, "3 files uploaded.")
    for name, path in (("holiday", photo), ("dance", dance), ("letter", letter)):
        arrived(service, page, name, path)
    assert sum(found.endswith(f"/{photo.stat().st_size}") for found in ranges) > 5
    expect(desk.media(page, "letter")).to_contain_text("3 pages")


def test_files_that_are_refused(page: Page, tmp_path: Path, artefacts: Path) -> None:
    refused = {
        "broken.png": (
            files.truncated(files.png(400, 300, noise=True), 0.5),
            "This image cannot be read",
        ),
        "words.txt": (b"Dear friend, this is no picture at all.", "Only JPEG, PNG, GIF, WebP and PDF files are taken."),
        "empty.gif": (b"", "This file is empty."),
        "poster.png": (files.png(1500, 1500, noise=True), "The file has 6.4 MB; at most 5 MB are taken"),
        "map.png": (files.png_bomb(), "This image is 50000 x 50000 pixels; at most 50000000 pixels are allowed."),
    }
    desk.choose(page, *(desk.written(tmp_path / name, data) for name, (data, _) in refused.items()))
    for name, (_, message) in refused.items():
        expect(desk.upload(page, name)).to_contain_text(message)
    page.screenshot(path=artefacts / "page-refused.png")
    for name in refused:
        desk.upload(page, name).get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("list", name="Uploads").get_by_role("listitem")).to_have_count(0)


def test_a_server_that_dies_and_comes_back(page: Page, service: Server, photo: Path) -> None:
    ranges = desk.chunks(page)
    desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, 2 * MiB)
    service.kill()
    expect(desk.upload(page, photo.name)).to_contain_text("The server cannot be reached. Next try in")
    service.start()
    desk.says(page, "1 file uploaded.")
    arrived(service, page, "holiday", photo)
    assert sum(found.startswith("bytes 0-") for found in ranges) == 1


def test_a_network_that_is_gone_for_a_while(page: Page, service: Server, photo: Path) -> None:
    ranges = desk.chunks(page)
    line = desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, MiB)
    line.cut()
    expect(desk.upload(page, photo.name)).to_contain_text("No network. This goes on when it is back.")
    line.mend()
    desk.says(page, "1 file uploaded.")
    arrived(service, page, "holiday", photo)
    assert sum(found.startswith("bytes 0-") for found in ranges) == 1


def test_a_page_that_is_reloaded(page: Page, service: Server, photo: Path) -> None:
    desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, MiB)
    ranges = desk.chunks(page)
    page.reload()
    desk.says(page, "1 interrupted upload resumed.")
    desk.says(page, "1 file uploaded.")
    arrived(service, page, "holiday", photo)
    assert not any(found.startswith("bytes 0-") for found in ranges)


def test_a_file_that_the_browser_does_not_keep(page: Page, service: Server, tmp_path: Path) -> None:
    book = desk.written(tmp_path / "book.pdf", files.pdf(size=11 * MiB))
    desk.Line(page, 8 * MiB)
    desk.choose(page, book)
    desk.wait_for_bytes(page, book.name, 4 * MiB)
    page.reload()
    expect(desk.upload(page, book.name)).to_contain_text("Choose this file again to go on.")
    ranges = desk.chunks(page)
    desk.choose(page, book)
    desk.says(page, "1 file uploaded.")
    arrived(service, page, "book", book)
    assert not any(found.startswith("bytes 0-") for found in ranges)


def test_pause_resume_and_cancel(page: Page, service: Server, photo: Path, tmp_path: Path) -> None:
    other = desk.written(tmp_path / "other.jpg", photo.read_bytes()[:-2] + b"\0\0\xff\xd9")
    desk.Line(page, 2 * MiB)
    desk.choose(page, photo, other)
    desk.wait_for_bytes(page, photo.name, MiB)
    with page.expect_request(re.compile("/media/upload/[0-9a-f]{32}/$")) as aborting:
        desk.upload(page, other.name).get_by_role("button", name="Cancel").click()
    expect(desk.upload(page, other.name)).to_have_count(0)
    assert aborting.value.method == "DELETE"
    assert aborting.value.response().status == 204  # type: ignore[union-attr]
    assert service.request("GET", aborting.value.url.removeprefix(service.url)).status_code == 404

    desk.upload(page, photo.name).get_by_role("button", name="Pause").click()
    expect(desk.upload(page, photo.name)).to_contain_text("Paused")
    page.wait_for_timeout(600)  # Uppy writes down every half a second what it would restore, and shows nothing of it
    page.reload()
    expect(desk.upload(page, photo.name)).to_contain_text("Paused")
    ranges = desk.chunks(page)
    desk.upload(page, photo.name).get_by_role("button", name="Resume").click()
    desk.wait_for_bytes(page, photo.name, 1)
    page.get_by_role("button", name="Pause all").click()
    expect(desk.upload(page, photo.name)).to_contain_text("Paused")
    page.get_by_role("button", name="Resume all").click()
    desk.says(page, "1 file uploaded.")
    arrived(service, page, "holiday", photo)
    assert not any(found.startswith("bytes 0-") for found in ranges)


def test_an_upload_that_was_begun_with_a_token(page: Page, service: Server, photo: Path) -> None:
    token = desk.token(4)
    desk.set_token(page, token)
    desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, MiB)
    desk.set_token(page, "nonsense")
    expect(desk.upload(page, photo.name)).to_contain_text("The token is not valid")
    desk.set_token(page, "")
    desk.upload(page, photo.name).get_by_role("button", name="Try again").click()
    expect(desk.upload(page, photo.name)).to_contain_text("This upload was begun with a token.")
    desk.set_token(page, token)
    ranges = desk.chunks(page)
    desk.upload(page, photo.name).get_by_role("button", name="Try again").click()
    desk.says(page, "1 file uploaded.")
    arrived(service, page, "holiday", photo)
    assert not any(found.startswith("bytes 0-") for found in ranges)


def test_a_file_that_changes_meanwhile(page: Page, photo: Path, tmp_path: Path) -> None:
    growing = desk.written(tmp_path / "growing.jpg", photo.read_bytes())
    desk.Line(page, 2 * MiB)
    desk.choose(page, growing)
    desk.wait_for_bytes(page, growing.name, MiB)
    desk.written(growing, photo.read_bytes() * 2)
    expect(desk.upload(page, growing.name)).to_contain_text("The file cannot be read any more. Choose it again.")


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
    page.dispatch_event("h1", "drop", {"dataTransfer": transfer})
    desk.says(page, "1 file uploaded.")
    arrived(service, page, "small", small)
