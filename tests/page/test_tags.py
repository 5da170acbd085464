"""The tags on the page."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests import files
from tests.client import upload
from tests.conftest import token as bearer
from tests.page import desk
from tests.running import Server


def test_create_search_change_and_delete(page: Page, service: Server) -> None:
    name = f"Wien {uuid.uuid4().hex}"
    desk.show(page, "Tags")
    page.get_by_role("button", name="New tag").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Description").fill("Vienna")
    page.get_by_label("Colour").fill("#c02040")
    page.get_by_label("For").select_option("Categories")
    page.get_by_role("button", name="Save").click()
    desk.says(page, f"{name} is saved.")
    expect(desk.tag(page, name)).to_contain_text("Categories · Vienna")

    page.get_by_role("button", name="New tag").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("For").select_option("Categories")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("There is a tag of that type and name")
    page.keyboard.press("Escape")

    search = page.get_by_role("searchbox", name="Search tags")
    search.fill("no such tag")
    expect(page.get_by_text("No tag matches.")).to_be_visible()
    search.fill(name.upper())
    desk.tag(page, name).get_by_role("button", name="Edit").click()
    page.get_by_label("Name").fill(f"{name} and more")
    page.get_by_label("Colour").fill("#204080")
    page.get_by_role("button", name="Save").click()
    desk.says(page, f"{name} and more is saved.")
    (found,) = service.request("GET", "/api/v2/tag/", params={"search": name}).json()["results"]
    assert (found["name"], found["color"], found["type"]) == (f"{name} and more", "#204080", "category")

    desk.tag(page, name).get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete this tag?").get_by_role("button", name="Delete").click()
    expect(desk.tag(page, name)).to_have_count(0)
    assert service.request("GET", f"/api/v2/tag/{found['id']}/").status_code == 404


def test_tags_on_media(page: Page, service: Server) -> None:
    made = upload(service, files.png(), filename="tagged.png", headers=bearer(23))
    upload(service, files.png(), filename="plain.png", headers=bearer(23))
    name = f"Sea {uuid.uuid4().hex}"
    desk.set_token(page, desk.token(23))
    large = desk.look_at(page, "tagged")
    large.get_by_label("Add a tag").fill(name)
    page.keyboard.press("Enter")
    chips = large.get_by_role("list", name="Tags of this media").get_by_role("listitem")
    expect(chips).to_have_text([re.compile(name)])
    page.keyboard.press("Escape")

    page.get_by_label("Tag", exact=True).select_option(name)
    expect(desk.media(page, "plain")).to_have_count(0)
    large = desk.look_at(page, "tagged")
    large.get_by_role("button", name=f"Take {name} off").click()
    expect(chips).to_have_count(0)
    expect(large.get_by_label("Add a tag")).to_be_focused()
    found = service.request("GET", "/api/v2/tag/", params={"media": made["id"]}).json()
    assert found["count"] == 0
