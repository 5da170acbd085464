"""The npm package `scapi-uploader`, as somebody installs it who has never seen this repository."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests import files, folder_server
from tests.client import fetch
from tests.page import desk
from tests.running import ROOT, Server

WEB = ROOT / "web"

HERE = Path(__file__).parent

TIMEOUT = 300
"""Seconds that npm may take."""


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm pack` makes."""
    if not (WEB / "node_modules").exists():
        pytest.skip("needs the page's packages: make page")
    folder = tmp_path_factory.mktemp("pack")
    npm("pack", "--workspace", "scapi-uploader", "--pack-destination", str(folder), folder=WEB)
    [packed] = folder.glob("*.tgz")
    return packed


@pytest.fixture(scope="module")
def app(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a fresh Vite project that uses the package, type-checked and built."""
    folder = tmp_path_factory.mktemp("app")
    for name in ("index.html", "main.ts", "tsconfig.json"):
        shutil.copy(HERE / "vite" / name, folder)
    page = json.loads((WEB / "package.json").read_text())
    versions = {name: page["devDependencies"][name] for name in ("typescript", "vite")}
    versions["@uppy/core"] = page["dependencies"]["@uppy/core"]
    manifest = {"name": "app", "private": True, "type": "module", "dependencies": versions}
    (folder / "package.json").write_text(json.dumps(manifest))
    npm("install", "--prefer-offline", "--no-audit", "--no-fund", str(tarball), folder=folder)
    npm("exec", "--", "tsc", "--noEmit", folder=folder)
    npm("exec", "--", "vite", "build", "--logLevel", "warn", folder=folder)
    with folder_server.serving(folder / "dist") as url:
        yield url


def npm(*arguments: str, folder: Path) -> None:
    """Run npm in a folder."""
    done = subprocess.run(["npm", *arguments], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_in_it(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
        manifest = json.load(archive.extractfile("package/package.json"))  # type: ignore[arg-type]
    assert {"README.md", "dist/index.js", "dist/index.d.ts", "dist/md5.worker.js"} <= names
    assert {name.partition("/")[0] for name in names} == {"README.md", "package.json", "dist"}
    assert set(manifest["dependencies"]) == {"@noble/hashes", "p-queue"}
    assert set(manifest["peerDependencies"]) == {"@uppy/core"}


def test_an_app_that_is_made_with_it(app: str, browser: Browser, service: Server, tmp_path: Path) -> None:
    photo = desk.written(tmp_path / "photo.jpg", files.jpeg(1600, 1200, noise=True))
    words = desk.written(tmp_path / "words.txt", b"Some words that are no picture.")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{app}?{urlencode({'api': service.url + '/api/v2/', 'token': desk.token(21)})}")
    page.get_by_label("Files").set_input_files([photo, words])
    expect(page.get_by_role("listitem").filter(has_text="Only JPEG")).to_be_visible()
    item = page.get_by_role("listitem").filter(has_text="photo: ")
    expect(item).to_be_visible()
    url = item.inner_text().removeprefix("photo: ").strip()
    assert fetch(service, url).content == photo.read_bytes()
    context.close()
