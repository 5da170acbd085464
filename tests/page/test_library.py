"""The media on the page: links, copying, deleting, forgetting, with a token and without."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from scapi.http import auth
from tests import files
from tests.client import upload
from tests.conftest import token as bearer
from tests.page import desk
from tests.previews.sites import Answer, Site
from tests.running import SECRET, Server
from tests.servers import wait_until


def test_share_and_delete_with_a_token(page: Page, service: Server, tmp_path: Path) -> None:
    before = upload(service, files.png(seed=5), filename="before [1].png", headers=bearer(5))
    upload(service, files.png(seed=6), filename="strange.png", headers=bearer(6))
    desk.set_token(page, desk.token(5))
    expect(page.get_by_role("button", name="User 5")).to_be_visible()
    desk.choose(page, desk.written(tmp_path / "mine.gif", files.gif()))
    expect(desk.media(page, "mine")).to_be_visible()
    expect(desk.media(page, "strange")).to_have_count(0)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    large = desk.look_at(page, "before [1]")
    url = before["url"]
    for button, said, text in (
        ("Copy link", "The link is copied.", url),
        ("Copy Markdown", "The Markdown is copied.", f"![before \\[1\\]]({url})"),
        ("Copy HTML", "The HTML is copied.", f'<img src="{url}" width="64" height="48" alt="before [1]">'),
    ):
        large.get_by_role("button", name=button).click()
        expect(large.get_by_role("status")).to_have_text(said)
        assert page.evaluate("navigator.clipboard.readText()") == text
    with page.expect_download() as downloading:
        large.get_by_role("link", name="Download").click()
    assert downloading.value.path().read_bytes() == files.png(seed=5)

    for confirmed in ("Cancel", "Delete"):
        large.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog", name="Delete this media?").get_by_role("button", name=confirmed).click()
        expect(page.get_by_role("dialog", name="Delete this media?")).to_have_count(0)
    expect(page.get_by_role("dialog", name="mine")).to_be_visible()  # the remaining media is shown
    page.keyboard.press("Escape")
    expect(desk.media(page, "before")).to_have_count(0)
    assert service.request("GET", f"/api/v2/media/{before['id']}/").status_code == 404

    page.reload()  # the token belongs to this tab only
    expect(desk.media(page, "mine")).to_be_visible()
    desk.set_token(page, "")
    expect(desk.media(page, "mine")).to_have_count(0)


def test_forget_without_a_token(page: Page, service: Server, tmp_path: Path) -> None:
    def without_delete_token(route: Route) -> None:
        body = {name: value for name, value in route.fetch().json().items() if name != "delete_token"}
        route.fulfill(status=201, json=body)

    page.route("**/media/upload/complete/", without_delete_token)  # like the answer of version 0.1.0
    desk.choose(page, desk.written(tmp_path / "nobodys.png", files.png()))
    path = desk.address(page, "nobodys").removeprefix(service.url)
    page.reload()
    desk.look_at(page, "nobodys").get_by_role("button", name="Forget").click()
    dialog = page.get_by_role("dialog", name="Forget this media?")
    expect(dialog).to_contain_text("belong to no user")
    dialog.get_by_role("button", name="Forget").click()
    expect(desk.media(page, "nobodys")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert service.request("GET", path).status_code == 200


def test_delete_without_a_token_what_this_browser_made(page: Page, service: Server, tmp_path: Path) -> None:
    desk.choose(page, desk.written(tmp_path / "mine.png", files.png(seed=8)))
    path = desk.address(page, "mine").removeprefix(service.url)
    page.reload()
    desk.look_at(page, "mine").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete this media?").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert service.request("GET", path).status_code == 404


def embeds(service: Server, user: int, count: int) -> None:
    """Create media without files."""
    for number in range(count):
        body = {"type": "embed", "embed_type": "poll", "embed_id": str(number)}
        assert service.request("POST", "/api/v2/media/", json=body, headers=bearer(user)).status_code == 201


def test_two_hundred_media(page: Page, service: Server) -> None:
    embeds(service, 7, 200)
    desk.set_token(page, desk.token(7))
    tiles = page.get_by_role("list", name="Media of Today").get_by_role("listitem")
    expect(tiles.first).to_be_visible()
    for _ in range(3):
        page.mouse.wheel(0, 20_000)
        page.wait_for_timeout(50)
    expect(tiles).to_have_count(200)
    tiles.last.get_by_role("button").click()
    large = page.get_by_role("dialog")
    expect(large).to_contain_text("200 of 200")
    expect(large.get_by_role("button", name="Next")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    expect(large).to_contain_text("199 of 200")
    page.keyboard.press("Home")
    expect(large).to_contain_text("1 of 200")
    page.keyboard.press("ArrowRight")
    expect(large).to_contain_text("2 of 200")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_search_filter_and_delete_several(page: Page, service: Server) -> None:
    for number, name in enumerate(("Überfahrt", "Überblick", "Berge")):
        upload(service, files.png(seed=number), filename=f"{name}.png", headers=bearer(14))
    upload(service, files.pdf(2), filename="Bericht.pdf", headers=bearer(14))
    embeds(service, 14, 1)
    desk.set_token(page, desk.token(14))
    tiles = page.get_by_role("list", name="Media of").get_by_role("listitem")
    expect(tiles).to_have_count(5)
    page.get_by_label("Kind of media").select_option("Documents")
    expect(tiles).to_have_text(["PDFBericht"])
    page.get_by_label("Kind of media").select_option("Links")
    expect(tiles).to_have_count(1)
    page.get_by_label("Kind of media").select_option("Everything")
    page.get_by_role("searchbox", name="Search media").fill("nowhere")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    page.get_by_role("searchbox", name="Search media").fill("berfahrt")
    expect(tiles).to_have_text(["Überfahrt"])
    page.get_by_role("searchbox", name="Search media").fill("ber")
    expect(tiles).to_have_count(4)
    for name in ("Überfahrt", "Überblick"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("group", name="Selection").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 2 media?")
    expect(dialog.get_by_role("listitem")).to_have_text(["Überblick", "Überfahrt"])
    dialog.get_by_role("button", name="Delete").click()
    desk.says(page, "2 media are deleted.")
    page.get_by_role("searchbox", name="Search media").fill("")
    expect(tiles).to_have_count(3)
    left = service.request("GET", "/api/v2/media/", headers=bearer(14)).json()
    assert left["count"] == 3


def test_media_of_chosen_days(page: Page, service: Server) -> None:
    embeds(service, 18, 2)
    desk.set_token(page, desk.token(18))
    tiles = page.get_by_role("list", name="Media of").get_by_role("listitem")
    expect(tiles).to_have_count(2)
    days = page.get_by_label("Days")
    with page.expect_request(re.compile(r"/media/\?.*since=")):
        days.select_option("Last 7 days")
    expect(tiles).to_have_count(2)
    days.select_option("Choose days")
    with page.expect_request(re.compile(r"/media/\?.*until=2020")):
        page.get_by_label("to", exact=True).fill("2020-02-29")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    days.select_option("Any day")
    expect(tiles).to_have_count(2)


def _is_there(service: Server, path: str) -> bool:
    return service.request("GET", path, allow_redirects=False).status_code == 200


def test_pictures_come_in_the_size_that_the_screen_needs(page: Page, service: Server, tmp_path: Path) -> None:
    desk.choose(page, desk.written(tmp_path / "sharp.png", files.png(700, 500)))
    desk.is_seen(page, "sharp")  # whether it is made already or not
    image = desk.media(page, "sharp").locator("img")
    offered = re.findall(r"(\S+) (\d+)w", image.get_attribute("srcset") or "")
    assert [width for _, width in offered] == ["320", "640", "700"]
    assert image.evaluate("image => image.currentSrc") == offered[0][0]
    for url, _ in offered:
        wait_until(partial(_is_there, service, url.removeprefix(service.url)), 60, url)
    page.reload()
    for url, width in offered:
        load = "async url => { const image = new Image(); image.src = url; await image.decode(); return image.width }"
        assert page.evaluate(load, url) == int(width)
    desk.is_seen(page, "sharp")


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("Bearer nonsense", "The server does not accept this token."),
        (auth.make_token(5, SECRET, timedelta(seconds=-5)), "This token has expired."),
        (auth.make_token(5, SECRET + "?", timedelta(hours=1)), "The server does not accept this token."),
    ],
    ids=["nonsense", "expired", "forged"],
)
def test_a_token_that_is_not_valid_is_refused_in_the_dialog(page: Page, token: str, words: str) -> None:
    page.get_by_role("button", name="Set token").click()
    page.get_by_label("Bearer token").fill(token)
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Token")
    expect(dialog.get_by_role("alert")).to_contain_text(words)
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Set token")).to_be_visible()


def test_links(page: Page, elsewhere: Site) -> None:
    picture = elsewhere.put("/picture.png", Answer(files.png(), "image/png"))
    page_of = f'<title>A page elsewhere</title><meta property="og:image" content="{picture}">'
    url = elsewhere.put("/article", Answer(page_of))
    field = page.get_by_label("Or paste a link")
    field.fill(url)
    field.press("Enter")
    desk.says(page, "A page elsewhere is in your library.")
    expect(desk.look_at(page, "A page elsewhere")).to_contain_text("Link · 127.0.0.1")
    page.keyboard.press("Escape")
    assert desk.address(page, "A page elsewhere") == url

    field.fill("http://127.0.0.1:1/")
    field.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="This URL cannot be used")).to_be_visible()


def test_files_that_are_kept_in_s3(
    browser: Browser, serve: Callable[..., AbstractContextManager[Server]], tmp_path: Path
) -> None:
    with serve(("sqlite", "moto"), workers=1) as service, browser.new_context() as context:
        page = context.new_page()
        page.goto(service.url)
        desk.choose(page, desk.written(tmp_path / "far.png", files.png()))
        expect(desk.media(page, "far")).to_be_visible()
        desk.is_seen(page, "far")
