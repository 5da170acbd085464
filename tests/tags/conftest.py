"""Fixtures for tags."""

from collections.abc import Callable

import pytest
from flask import Flask


@pytest.fixture
def own_app(make_app: Callable[..., Flask]) -> Flask:
    """An application with its own database, outside its context: each request opens one, as on a server."""
    return make_app()
