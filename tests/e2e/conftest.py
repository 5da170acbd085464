"""The main job runs on every database and every storage."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.running import Server

PLACES = {
    "sqlite-local": ("sqlite", "local"),
    "postgresql-local": ("postgresql", "local"),
    "postgresql-moto": ("postgresql", "moto"),
    "sqlite-seaweedfs": ("sqlite", "seaweed"),
}


@pytest.fixture(scope="session", params=PLACES.values(), ids=list(PLACES))
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of database and a storage."""
    kinds: tuple[str, str] = request.param
    return kinds


@pytest.fixture(scope="session")
def server(place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A running scapi in each place, shared by all tests that tolerate each other's data."""
    with serve(place) as server:
        yield server
