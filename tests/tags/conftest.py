"""Fixtures for tags."""

from collections.abc import Callable

import pytest
from flask import Flask


@pytest.fixture
def own_app(make_app: Callable[..., Flask]) -> Flask:
    """An application on a database of its own, outside its context: each request opens one, as on a server."""
    return make_app()
