"""The places for tests of faults: each database and each storage of scapi."""

import pytest

PLACES = {
    "sqlite-local": ("sqlite", "local"),
    "postgresql-local": ("postgresql", "local"),
    "postgresql-s3": ("postgresql", "moto"),
}


@pytest.fixture(scope="session", params=PLACES.values(), ids=list(PLACES))
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of database and a storage."""
    kinds: tuple[str, str] = request.param
    return kinds
