"""tus, where least is installed and where most is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.running import Server


@pytest.fixture(scope="session")
def server(place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A running scapi in each place, shared by all tests that can live with each other's data."""
    with serve(place) as server:
        yield server
