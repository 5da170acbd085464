"""The page with a token of a login provider."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import files
from tests.client import upload
from tests.http import providers
from tests.http.providers import AUDIENCE, ISSUER, signed
from tests.page import desk
from tests.page.conftest import BUILT, PATIENCE
from tests.running import Server


def test_a_user_of_a_login_provider(
    serve: Callable[..., AbstractContextManager[Server]], browser: Browser, tmp_path: Path
) -> None:
    if not BUILT.exists():
        pytest.skip("needs the built page: make page")
    zoe = signed(sub="auth0|zoe", preferred_username="Zoë")
    with providers.serving() as provider:
        login = {"SCAPI_JWT_JWKS": provider.url, "SCAPI_JWT_ISSUER": ISSUER, "SCAPI_JWT_AUDIENCE": AUDIENCE}
        with serve(("sqlite", "local"), workers=1, **login) as service, browser.new_context() as context:
            before = upload(service, files.png(seed=5), filename="before.png", headers=bearer(zoe))
            upload(service, files.png(seed=6), filename="strange.png", headers=bearer(signed(sub="7")))
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(service.url)
            page.get_by_role("button", name="Set token").click()
            page.get_by_label("Bearer token").fill(signed(sub="zoe", key=providers.OTHER_RSA))
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("dialog")).to_contain_text("does not accept this token")
            page.keyboard.press("Escape")

            desk.set_token(page, zoe)
            expect(page.get_by_role("button", name="User Zoë")).to_be_visible()
            desk.choose(page, desk.written(tmp_path / "mine.gif", files.gif()))
            expect(desk.media(page, "mine")).to_be_visible()
            expect(desk.media(page, "before")).to_be_visible()
            expect(desk.media(page, "strange")).to_have_count(0)
            page.reload()
            desk.look_at(page, "before").get_by_role("button", name="Delete").click()
            page.get_by_role("dialog", name="Delete this media?").get_by_role("button", name="Delete").click()
            expect(page.get_by_role("dialog", name="Delete this media?")).to_have_count(0)
            assert service.request("GET", f"/api/v2/media/{before['id']}/").status_code == 404
            page.keyboard.press("Escape")
            desk.set_token(
                page, desk.token(7)
            )  # the user with the same number sees neither Zoë's media nor those of oidc:7
            expect(page.get_by_text("Nothing here yet.")).to_be_visible()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
