"""Which proxies are trusted about the address that clients see."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests import files
from tests.client import upload
from tests.running import Server

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "192.0.2.1"}


def _address(server: Server, media: dict[str, object]) -> str:
    found: str = server.request("GET", f"/api/v2/media/{media['id']}/", headers=FORWARDED).json()["url"]
    return found.partition("/media/")[0]


def test_nobody_is_believed_unless_the_settings_say_so(server: Server) -> None:
    assert _address(server, upload(server, files.jpeg())) == server.url


@pytest.mark.parametrize(
    ("setting", "value", "address"),
    [
        ("SCAPI_TRUSTED_PROXIES", "1", "https://evil.example"),
        ("SCAPI_PUBLIC_URL", "https://media.example/", "https://media.example"),
    ],
)
def test_a_trusted_proxy_and_a_public_url(
    serve: Callable[..., AbstractContextManager[Server]], setting: str, value: str, address: str
) -> None:
    with serve(("sqlite", "local"), workers=1, **{setting: value}) as server:
        assert _address(server, upload(server, files.jpeg())) == address
