"""Renditions with each kind of storage: sent by nginx, redirected to S3, and copied from one storage to another."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import requests

from tests import files, running, servers
from tests.client import upload
from tests.deploy import nginx
from tests.running import Server

Serve = Callable[..., AbstractContextManager[Server]]


def uploaded(server: Server) -> list[str]:
    """Upload a picture, and return the paths of its renditions once they are made."""
    paths = [one["url"].removeprefix(server.url) for one in upload(server, files.jpeg(700, 500))["renditions"]]

    def is_made() -> bool:
        return server.request("HEAD", paths[0], allow_redirects=False).status_code == 200

    servers.wait_until(is_made, 60, "the renditions")
    return paths


def test_nginx_sends_them(serve: Serve, tmp_path: Path) -> None:
    settings = {"SCAPI_TRUSTED_PROXIES": "1", "SCAPI_ACCEL_REDIRECT": "/internal/files/"}
    with serve(("sqlite", "local"), workers=1, **settings) as app:
        folder = Path(app.settings["SCAPI_DATA_DIR"], "files")
        with nginx.on_a_host(tmp_path / "etc", folder, app) as server:
            path = uploaded(server)[0]
            handed_over = app.request("GET", path)
            key = handed_over.headers["X-Accel-Redirect"].removeprefix("/internal/files/")
            sent = server.request("GET", path)
            assert handed_over.content == b""
            assert sent.content == (folder / key).read_bytes()
            assert sent.content[8:12] == b"WEBP"
            for name in ("Content-Type", "Content-Disposition", "Cache-Control", "Content-Security-Policy"):
                assert sent.headers[name] == handed_over.headers[name]
            assert sent.headers["Content-Type"] == "image/webp"
            again = server.request("GET", path, headers={"If-None-Match": sent.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")


def test_s3_sends_what_was_copied_there(settings_for: Callable[[str, str], dict[str, str]], tmp_path: Path) -> None:
    both = settings_for("sqlite", "seaweed") | {"SCAPI_STORAGE": "local", "SCAPI_STORAGE_BEFORE": "s3"}
    with running.scapi(tmp_path, workers=1, **both) as server:
        paths = uploaded(server)
        before = {path: server.request("GET", path).content for path in paths}
        assert len(before) == 4
        assert f"copied {2 + len(paths)} files" in server.scapi("storage", "copy", "--to", "s3")
        shutil.rmtree(Path(both["SCAPI_DATA_DIR"], "files"))
        for path, content in before.items():
            head = server.request("HEAD", path, allow_redirects=False)
            answer = server.request("GET", path, allow_redirects=False)
            assert answer.status_code == 302
            assert answer.headers["Cache-Control"].startswith("private, max-age=")
            sent = requests.get(answer.headers["Location"], timeout=30)
            assert sent.content == content
            for name in ("Content-Type", "Content-Disposition", "Content-Length"):
                assert sent.headers[name] == head.headers[name]
        assert "0 lost, 0 damaged, 0 orphan" in server.scapi("check", "--bytes")
