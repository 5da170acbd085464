"""The npm package `scapi-uploader`, installed without this repository."""

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Route, expect

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
    """The result of `npm pack`."""
    if not (WEB / "node_modules").exists():
        pytest.skip("needs the page's packages: make page")
    folder = tmp_path_factory.mktemp("pack")
    npm("pack", "--workspace", "scapi-uploader", "--pack-destination", str(folder), folder=WEB)
    [packed] = folder.glob("*.tgz")
    return packed


@pytest.fixture(scope="module")
def app(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a fresh Vite project that uses the package, type-checked and built; the snippets of
    docs/your-app/browser.md are in it."""
    folder = tmp_path_factory.mktemp("app")
    shutil.copytree(HERE / "vite", folder, dirs_exist_ok=True)
    (folder / "snippets").mkdir()
    for name, snippet in snippets().items():
        (folder / "snippets" / name).write_text(snippet)
    page = json.loads((WEB / "package.json").read_text())
    versions = {name: page["devDependencies"][name] for name in ("typescript", "vite")}
    versions["@uppy/core"] = page["dependencies"]["@uppy/core"]
    versions |= {"@vitejs/plugin-vue": "^6.0.11", "react": "^19.3.1", "react-dom": "^19.3.1", "vue": "^3.5.45"}
    manifest = {"name": "app", "private": True, "type": "module", "dependencies": versions}
    (folder / "package.json").write_text(json.dumps(manifest))
    npm("install", "--prefer-offline", "--no-audit", "--no-fund", str(tarball), folder=folder)
    npm("exec", "--", "tsc", "--noEmit", folder=folder)
    # React's development build makes each component twice in StrictMode, as on a developer's machine
    npm("exec", "--", "vite", "build", "--logLevel", "warn", folder=folder, NODE_ENV="development")
    with folder_server.serving(folder / "dist") as url:
        yield url


def snippets() -> dict[str, str]:
    """Return the snippets of the docs page by the names of their files; the first has its endpoint from the address."""
    page = (ROOT / "docs" / "your-app" / "browser.md").read_text()
    script, react, vue, fetch = re.findall(r"^```(?:js|jsx|vue)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    endpoint = "new URLSearchParams(location.search).get('api')"
    script = script.replace("'https://media.example.org/api/v2/'", endpoint)
    assert endpoint in script
    return {"script.js": script, "Upload.jsx": react, "Upload.vue": vue, "upload.js": fetch}


def npm(*arguments: str, folder: Path, **environment: str) -> None:
    """Run npm in a folder."""
    env = {**os.environ, **environment}
    command = ["npm", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False)
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


@pytest.mark.parametrize("name", ["script", "react", "vue", "fetch"])
def test_a_snippet_of_the_docs(app: str, browser: Browser, service: Server, tmp_path: Path, name: str) -> None:
    photo = desk.written(tmp_path / "photo.jpg", files.jpeg(1600, 1200, noise=True))
    with browser.new_context() as context:
        page = context.new_page()
        lost: list[str] = []

        def lose_one(route: Route) -> None:
            if len(lost) == 1:
                route.fetch()  # the chunk reaches the server, but the answer gets lost
                route.abort()
            else:
                route.continue_()
            lost.append(route.request.url)

        page.route("**/media/upload/chunk/", lose_one)
        page.goto(f"{app}{name}.html?{urlencode({'api': service.url + '/api/v2/', 'token': desk.token(22)})}")
        page.locator("input").set_input_files(photo)
        item = page.get_by_role("listitem")
        expect(item).to_contain_text("photo: ")
        assert fetch(service, item.inner_text().removeprefix("photo: ").strip()).content == photo.read_bytes()
        assert len(lost) >= 2  # the plug-in asks for the offset, plain fetch sends the chunk again
