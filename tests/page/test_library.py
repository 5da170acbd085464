"""The media on the page: links, copying, deleting, forgetting, with a token and without."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests import files
from tests.client import upload
from tests.conftest import token as bearer
from tests.page import desk
from tests.previews.sites import Answer, Site
from tests.running import Server


def test_copy_and_delete_with_a_token(page: Page, service: Server, tmp_path: Path) -> None:
    before = upload(service, files.png(seed=5), filename="before.png", headers=bearer(5))
    upload(service, files.png(seed=6), filename="strange.png", headers=bearer(6))
    desk.set_token(page, desk.token(5))
    expect(page.get_by_role("button", name="User 5")).to_be_visible()
    desk.choose(page, desk.written(tmp_path / "mine.gif", files.gif()))
    expect(desk.media(page, "mine")).to_be_visible()
    expect(desk.media(page, "before")).to_be_visible()
    expect(desk.media(page, "strange")).to_have_count(0)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.media(page, "before").get_by_role("button", name="Copy link to before").click()
    desk.says(page, "The link is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == before["url"]

    for confirmed in ("Cancel", "Delete"):
        desk.media(page, "before").get_by_role("button", name="Delete").click()
        page.get_by_role("dialog", name="Delete this media?").get_by_role("button", name=confirmed).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(desk.media(page, "before")).to_have_count(0)
    assert service.request("GET", f"/api/v2/media/{before['id']}/").status_code == 404

    page.reload()  # the token is this tab's
    expect(desk.media(page, "mine")).to_be_visible()
    desk.set_token(page, "")
    expect(desk.media(page, "mine")).to_have_count(0)


def test_forget_without_a_token(page: Page, service: Server, tmp_path: Path) -> None:
    desk.choose(page, desk.written(tmp_path / "nobodys.png", files.png()))
    path = desk.address(page, "nobodys").removeprefix(service.url)
    page.reload()
    desk.media(page, "nobodys").get_by_role("button", name="Forget").click()
    dialog = page.get_by_role("dialog", name="Forget this media?")
    expect(dialog).to_contain_text("belongs to nobody")
    dialog.get_by_role("button", name="Forget").click()
    expect(desk.media(page, "nobodys")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert service.request("GET", path).status_code == 200


def test_more_than_a_page(page: Page, service: Server) -> None:
    for number in range(26):
        upload(service, files.png(8, 8, seed=number), filename=f"number-{number}.png", headers=bearer(7))
    desk.set_token(page, desk.token(7))
    cards = page.get_by_role("list", name="Media").get_by_role("listitem")
    expect(cards).to_have_count(24)
    page.get_by_role("button", name="Show more").click()
    expect(cards).to_have_count(26)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_token_that_is_not_valid(page: Page) -> None:
    desk.set_token(page, "Bearer nonsense")
    expect(page.get_by_role("region", name="Library").get_by_role("alert")).to_contain_text("The token is not valid")


def test_links(page: Page, elsewhere: Site) -> None:
    picture = elsewhere.put("/picture.png", Answer(files.png(), "image/png"))
    page_of = f'<title>A page elsewhere</title><meta property="og:image" content="{picture}">'
    url = elsewhere.put("/article", Answer(page_of))
    field = page.get_by_label("Or paste a link")
    field.fill(url)
    field.press("Enter")
    desk.says(page, "A page elsewhere is in your library.")
    expect(desk.media(page, "A page elsewhere")).to_contain_text("Link · 127.0.0.1")
    assert desk.address(page, "A page elsewhere") == url

    field.fill("http://127.0.0.1:1/")
    field.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="This URL cannot be used")).to_be_visible()


def test_files_that_are_kept_in_s3(
    browser: Browser, serve: Callable[..., AbstractContextManager[Server]], tmp_path: Path
) -> None:
    with serve(("sqlite", "moto")) as service, browser.new_context() as context:
        page = context.new_page()
        page.goto(service.url)
        desk.choose(page, desk.written(tmp_path / "far.png", files.png()))
        expect(desk.media(page, "far")).to_be_visible()
        desk.is_seen(page, "far")
