"""The page's files and their headers."""

import gzip
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from scapi.page import views
from tests.running import Server


def test_the_page_is_asked_for_each_time(service: Server) -> None:
    answer = service.request("GET", "/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = service.request("GET", "/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_its_files_are_kept_for_good(service: Server) -> None:
    names = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', service.request("GET", "/").text)
    assert {name.rpartition(".")[2] for name in names} == {"js", "css", "svg"}
    for name in names:
        answer = service.request("GET", f"/{name}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_scripts_are_small(service: Server) -> None:
    scripts = list((views.HERE / "static" / "assets").glob("*.js"))
    assert scripts
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) <= 70 * 1024


def test_the_limits_are_told(service: Server) -> None:
    answer = service.request("GET", "/limits.json")
    assert answer.headers["Cache-Control"] == "no-cache"
    body = answer.json()
    assert body["types"]["image/jpeg"] == 5 * 1024 * 1024
    assert body["types"]["application/pdf"] == 50 * 1024 * 1024
    assert body["max_pixels"] == 50_000_000


@pytest.mark.parametrize("name", ["none.js", "..%2Findex.html", "%2Fetc%2Fpasswd"])
def test_other_files_are_not_there(service: Server, name: str) -> None:
    answer = service.request("GET", f"/assets/{name}")
    assert answer.status_code == 404
    assert answer.json()["code"] == 404


def test_the_policy_trusts_this_service_only(service: Server) -> None:
    policy = service.request("GET", "/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == "'self' blob:"
    assert {directives[name] for name in ("script-src", "style-src", "connect-src", "worker-src")} == {"'self'"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_page_that_is_not_built(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(views, "BUILT", tmp_path / "index.html")
    client = make_app(SCAPI_PUBLIC_URL="https://media.example/under").test_client()
    with closing(client.get("/")) as answer:
        assert answer.status_code == 200
        assert 'href="api/v2/docs"' in answer.text
        assert "https://media.example;" in answer.headers["Content-Security-Policy"] + ";"
