"""A login provider on loopback, and an application that accepts its tokens."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.http import providers
from tests.http.providers import AUDIENCE, ISSUER, Provider


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providers.serving() as provider:
        yield provider


@pytest.fixture
def settings(provider: Provider) -> dict[str, Any]:
    return {"SCAPI_JWT_JWKS": provider.url, "SCAPI_JWT_ISSUER": ISSUER, "SCAPI_JWT_AUDIENCE": AUDIENCE}


@pytest.fixture
def client(make_app: Callable[..., Flask], settings: dict[str, Any]) -> FlaskClient:
    return make_app(**settings).test_client()
