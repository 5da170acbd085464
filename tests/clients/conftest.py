"""The published clients from npm, run against a real scapi."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests import files, folder_server, running
from tests.previews import sites
from tests.previews.sites import Answer, Site
from tests.running import SECRET, Server

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
LOCK = HERE / "package-lock.json"


@pytest.fixture(scope="session")
def modules() -> Path:
    """The installed npm packages; installed again when the lock file has changed."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs node and npm (on Debian: apt-get install nodejs npm)")
    installed = MODULES / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < LOCK.stat().st_mtime:
        command = ["npm", "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        installed.touch()
    return MODULES


class Failed(Exception):
    """The client's exception when scapi refuses: the status, the body, and the client's messages for a form."""

    def __init__(self, status: int, body: dict[str, Any], said: dict[str, Any]) -> None:
        super().__init__(status, body, said)
        self.status = status
        self.body = body
        self.said = said


class Sdk:
    """`@selfcommunity/api-services` in Node: `sdk("MediaService.getSpecificMedia", 7)` calls that."""

    def __init__(self, url: str) -> None:
        command = ["node", "sdk.cjs", url]
        self._node = subprocess.Popen(
            command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._node.communicate(timeout=10)  # it ends with its input

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Return what the client returns. Raises Failed if it throws because of an answer."""
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps([name, arguments]) + "\n")
        self._node.stdin.flush()
        outcome = json.loads(self._node.stdout.readline())
        if "status" in outcome:
            raise Failed(outcome["status"], outcome["body"], outcome["said"])
        return outcome["value"]


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """A web server that the running scapi may reach, for links."""
    with sites.serving() as site:
        site.put("/", Answer(b"<title>A page</title><meta property='og:image' content='/a.png'>", "text/html"))
        site.put("/a.png", Answer(files.png(300, 200), "image/png"))
        site.put("/b.jpg", Answer(files.jpeg(320, 240), "image/jpeg"))
        yield site


@pytest.fixture(scope="package")
def server(
    site: Site, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A running scapi that may fetch from that site."""
    settings = {
        "SCAPI_DATABASE_URL": new_database("sqlite"),
        "SCAPI_PREVIEW_ALLOW": "127.0.0.1",
        "SCAPI_PREVIEW_PORTS": f"80,443,{site.port}",
    }
    with running.scapi(tmp_path_factory.mktemp("clients"), **settings) as server:
        yield server


@pytest.fixture
def sdk(modules: Path, server: Server) -> Iterator[Sdk]:
    """The client of that scapi, for user 7; it makes the token itself."""
    with Sdk(server.url) as sdk:
        sdk("authorizeAs", 7, SECRET)
        yield sdk


@pytest.fixture(scope="session")
def elsewhere(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of two pages on another origin than scapi: `page.html` uploads as the React components do, and
    `tus-page.html` by clients of tus."""
    folder = tmp_path_factory.mktemp("elsewhere")
    bundle = [str(modules / ".bin" / "esbuild"), "page.jsx", "tus-page.js", "--bundle", "--jsx=automatic"]
    production = '--define:process.env.NODE_ENV="production"'
    subprocess.run([*bundle, production, f"--outdir={folder}"], cwd=HERE, check=True, capture_output=True)
    for name in ("page", "tus-page"):
        page = f'<!doctype html><html lang="en"><title>Elsewhere</title><body><script src="{name}.js"></script>'
        (folder / f"{name}.html").write_text(page)
    with folder_server.serving(folder) as url:
        yield url
