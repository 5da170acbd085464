"""A browser on the page of a running scapi. Forbidden requests and errors are checked in every test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.previews import sites
from tests.previews.sites import Site
from tests.running import ROOT, Server

BUILT = ROOT / "scapi" / "page" / "static" / "index.html"

PATIENCE = 60_000
"""Milliseconds to wait for the page to show something; much more than it takes."""


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Site]:
    """Another web server, the target of links; scapi may fetch from it, the page may not."""
    with sites.serving() as site:
        yield site


@pytest.fixture(scope="session")
def service(serve: Callable[..., AbstractContextManager[Server]], elsewhere: Site) -> Iterator[Server]:
    """A running scapi with the page."""
    if not BUILT.exists():
        pytest.skip("needs the built page: make page")
    settings = {"SCAPI_PREVIEW_ALLOW": "127.0.0.1", "SCAPI_PREVIEW_PORTS": str(elsewhere.port)}
    with serve(("sqlite", "local"), **settings) as server:
        yield server


@pytest.fixture
def visit(browser: Browser, service: Server) -> Iterator[Callable[..., Page]]:
    """A function that opens the page in a new browser context, with Playwright's options of a context.

    At the end, it checks that no request went to another host, and that there were no unexpected errors.
    """
    contexts = []
    foreign: list[str] = []
    problems: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith((service.url, f"blob:{service.url}")):
            foreign.append(request.url)

    def listen(message: ConsoleMessage) -> None:
        # the page itself reports failed requests and refused files; the tests check that
        if message.type in ("error", "warning") and not message.text.startswith(("Failed to load resource", "[Uppy]")):
            problems.append(message.text)

    def open_page(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("request", watch)
        page.on("console", listen)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(service.url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert foreign == []
    assert problems == []


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """The page, in a wide window."""
    return visit(viewport={"width": 1200, "height": 900})


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """The folder of screenshots for people to look at."""
    folder = ROOT / "artefacts"
    folder.mkdir(exist_ok=True)
    return folder
