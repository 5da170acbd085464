"""A scapi that may fetch from a web server on loopback."""

from collections.abc import Callable, Iterator

import pytest

from tests import files, running
from tests.previews import sites
from tests.previews.sites import Answer, Site
from tests.running import Server


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """A web server that the running scapi may reach."""
    with sites.serving() as site:
        site.put("/a.png", Answer(files.png(300, 200), "image/png"))
        site.put("/b.jpg", Answer(files.jpeg(320, 240), "image/jpeg"))
        yield site


@pytest.fixture(scope="package")
def server(
    site: Site, database: str, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A running scapi that may fetch from loopback, and waits a second and a half at most."""
    settings = {
        "SCAPI_DATABASE_URL": new_database(database),
        "SCAPI_PREVIEW_ALLOW": "127.0.0.1",
        "SCAPI_PREVIEW_PORTS": f"80,443,{site.port}",
        "SCAPI_PREVIEW_SECONDS": "1.5",
        "SCAPI_MAX_IMAGE_BYTES": "200000",
    }
    with running.scapi(tmp_path_factory.mktemp("links"), **settings) as server:
        yield server
