"""The S3 servers that the tests run against."""

from __future__ import annotations

import pytest

from tests.servers import Server


@pytest.fixture(params=["moto", "seaweed"])
def s3_server(request: pytest.FixtureRequest) -> Server:
    """Return each of the servers in turn."""
    chosen: Server = request.getfixturevalue(request.param)
    return chosen
