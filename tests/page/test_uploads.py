"""Uploads through a browser, over good and bad connections."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests import files
from tests.client import send_chunk
from tests.page import desk
from tests.running import Server

MiB = 1024 * 1024

MORE_THAN_A_PIECE = MiB + 100_000
"""More sent bytes than this mean that the first piece, of 1 MiB, has been answered."""


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of several MB."""
    return desk.written(tmp_path_factory.mktemp("photo") / "holiday.jpg", files.jpeg(2400, 1600, noise=True))


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
        desk.arrived(service, page, name, path)
    sizes = [int(end) - int(start) + 1 for start, end in (re.findall(r"\d+", found)[:2] for found in ranges)]
    assert max(sizes) <= 5 * MiB
    assert f"bytes 0-{MiB - 1}/{photo.stat().st_size}" in ranges
    expect(desk.look_at(page, "letter")).to_contain_text("3 pages")


def test_what_came_and_what_did_not(page: Page, tmp_path: Path) -> None:
    fine = [desk.written(tmp_path / f"fine-{number}.png", files.png(64 + number)) for number in range(3)]
    wrong = [desk.written(tmp_path / f"wrong-{number}.png", b"Some words.") for number in range(2)]
    desk.choose(page, *fine, *wrong)
    desk.says(page, "3 files uploaded, 2 could not be.")


def test_failed_uploads_are_tried_again_together(page: Page, tmp_path: Path) -> None:
    page.route(
        "**/media/upload/chunk/", lambda route: route.fulfill(status=507, json={"message": "full", "errors": []})
    )
    desk.choose(page, *(desk.written(tmp_path / f"{number}.png", files.png(64 + number)) for number in range(2)))
    expect(page.get_by_text("2 could not be uploaded")).to_be_visible()
    page.unroute("**/media/upload/chunk/")
    page.get_by_role("button", name="Retry failed").click()
    desk.says(page, "2 files uploaded.")


def test_a_server_that_dies_and_comes_back(page: Page, service: Server, photo: Path) -> None:
    ranges = desk.chunks(page)
    desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, 2 * MiB)
    service.kill()
    expect(desk.upload(page, photo.name)).to_contain_text("The server cannot be reached. Next try in")
    service.start()
    desk.says(page, "1 file uploaded.")
    desk.arrived(service, page, "holiday", photo)
    assert sum(found.startswith("bytes 0-") for found in ranges) == 1


def test_a_network_that_is_gone_for_a_while(page: Page, service: Server, photo: Path) -> None:
    ranges = desk.chunks(page)
    line = desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, MiB)
    line.cut()
    expect(desk.upload(page, photo.name)).to_contain_text("Waiting for the network")
    total = page.get_by_text("0 of 1 file")
    expect(total).to_contain_text("Waiting for the network")
    expect(total).not_to_contain_text(re.compile("/s|left"))
    line.mend()
    desk.says(page, "1 file uploaded.")
    desk.arrived(service, page, "holiday", photo)
    assert sum(found.startswith("bytes 0-") for found in ranges) == 1


def test_a_piece_that_broke_off_goes_on_where_the_server_has_it(page: Page, service: Server, photo: Path) -> None:
    data = photo.read_bytes()
    ranges = desk.chunks(page)
    kept = 300_000

    def break_off(route: Route) -> None:
        start = int(re.findall(r"\d+", route.request.headers["content-range"])[0])
        if start != MiB:
            return route.continue_()
        [upload_id] = re.findall(rb"[0-9a-f]{32}", route.request.post_data_buffer or b"")[:1]
        send_chunk(service, data[start : start + kept], start, len(data), upload_id=upload_id.decode())
        return route.abort("connectionreset")

    page.route("**/media/upload/chunk/", break_off)
    desk.choose(page, photo)
    desk.says(page, "1 file uploaded.")
    desk.arrived(service, page, "holiday", photo)
    assert ranges[1].startswith(f"bytes {MiB}-")
    assert ranges[2].startswith(f"bytes {MiB + kept}-")


def test_a_page_that_is_reloaded(page: Page, service: Server, photo: Path) -> None:
    desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, MORE_THAN_A_PIECE)
    ranges = desk.chunks(page)
    page.reload()
    desk.says(page, "1 interrupted upload resumed.")
    desk.says(page, "1 file uploaded.")
    desk.arrived(service, page, "holiday", photo)
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
    desk.arrived(service, page, "book", book)
    assert not any(found.startswith("bytes 0-") for found in ranges)


def test_pause_resume_and_cancel(page: Page, service: Server, photo: Path, tmp_path: Path) -> None:
    other = desk.written(tmp_path / "other.jpg", photo.read_bytes()[:-2] + b"\0\0\xff\xd9")
    desk.Line(page, 800_000)
    desk.choose(page, photo, other)
    for path in (photo, other):
        desk.wait_for_bytes(page, path.name, MORE_THAN_A_PIECE)
    desk.upload(page, photo.name).get_by_role("button", name="Pause").click()
    expect(desk.upload(page, photo.name)).to_contain_text("Paused")
    with page.expect_request(re.compile("/media/upload/[0-9a-f]{32}/$")) as aborting:
        desk.upload(page, other.name).get_by_role("button", name="Cancel").click()
    expect(desk.upload(page, other.name)).to_have_count(0)
    assert aborting.value.method == "DELETE"
    assert aborting.value.response().status == 204
    assert service.request("GET", aborting.value.url.removeprefix(service.url)).status_code == 404

    page.wait_for_timeout(600)  # Uppy saves its state every half second, without showing that
    page.reload()
    expect(desk.upload(page, photo.name)).to_contain_text("Paused")
    ranges = desk.chunks(page)
    desk.upload(page, photo.name).get_by_role("button", name="Resume").click()
    desk.wait_for_bytes(page, photo.name, 1)
    page.get_by_role("button", name="Pause all").click()
    expect(desk.upload(page, photo.name)).to_contain_text("Paused")
    page.get_by_role("button", name="Resume all").click()
    desk.says(page, "1 file uploaded.")
    desk.arrived(service, page, "holiday", photo)
    assert not any(found.startswith("bytes 0-") for found in ranges)


def test_an_upload_that_was_begun_with_a_token(page: Page, service: Server, photo: Path) -> None:
    token = desk.token(4)
    desk.set_token(page, token)
    desk.Line(page, 2 * MiB)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, MORE_THAN_A_PIECE)
    desk.set_token(page, "")
    expect(desk.upload(page, photo.name)).to_contain_text("This upload was begun with a token.")
    desk.set_token(page, token)
    ranges = desk.chunks(page)
    desk.upload(page, photo.name).get_by_role("button", name="Try again").click()
    desk.says(page, "1 file uploaded.")
    desk.arrived(service, page, "holiday", photo)
    assert not any(found.startswith("bytes 0-") for found in ranges)


def test_a_file_that_changes_meanwhile(page: Page, photo: Path, tmp_path: Path) -> None:
    growing = desk.written(tmp_path / "growing.jpg", photo.read_bytes())
    desk.Line(page, 2 * MiB)
    desk.choose(page, growing)
    desk.wait_for_bytes(page, growing.name, MiB)
    desk.written(growing, photo.read_bytes() * 2)
    expect(desk.upload(page, growing.name)).to_contain_text("The file can no longer be read. Choose it again.")


def hold_complete(page: Page, change: Callable[[dict[str, Any]], object]) -> Callable[[], None]:
    """Hold the answer to `complete` until the returned function is called; `change` its media."""
    held: list[Route] = []

    def answer() -> None:
        [route] = held
        media = route.fetch().json()
        change(media)
        route.fulfill(status=201, json=media)

    page.route("**/media/upload/complete/", lambda route: held.append(route))
    return answer


@pytest.mark.parametrize("token", [None, 12], ids=["nobody", "user"])
def test_cancelling_while_it_is_finished_deletes_it(
    page: Page, service: Server, tmp_path: Path, token: int | None
) -> None:
    made: list[int] = []
    if token:
        desk.set_token(page, desk.token(token))
    answer = hold_complete(page, lambda media: made.append(media["id"]))
    desk.choose(page, desk.written(tmp_path / "wrong.png", files.png()))
    row = desk.upload(page, "wrong.png")
    expect(row).to_contain_text("Finishing")
    expect(row.get_by_role("button", name="Pause")).to_have_count(0)
    row.get_by_role("button", name="Cancel").click()
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        answer()
    assert service.request("GET", f"/api/v2/media/{made[0]}/").status_code == 404
    expect(desk.media(page, "wrong")).to_have_count(0)


def test_cancelling_too_late_is_said(page: Page, tmp_path: Path) -> None:
    answer = hold_complete(page, lambda media: media.pop("delete_token", None))
    desk.choose(page, desk.written(tmp_path / "late.png", files.png()))
    expect(desk.upload(page, "late.png")).to_contain_text("Finishing")
    desk.upload(page, "late.png").get_by_role("button", name="Cancel").click()
    answer()
    desk.says(page, "It was too late to cancel late.png: it is in your library.")
    expect(desk.media(page, "late")).to_be_visible()


def test_leaving_with_an_upload_under_way_is_asked_about(page: Page, photo: Path) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    desk.Line(page, 200_000)
    desk.choose(page, photo)
    desk.wait_for_bytes(page, photo.name, 1)
    page.get_by_role("tab", name="Library").click()  # browsers ask only if the user has touched the page
    page.evaluate("location.reload()")
    expect(desk.upload(page, photo.name)).to_be_visible()
    assert asked == ["beforeunload"]
    desk.upload(page, photo.name).get_by_role("button", name="Cancel").click()
