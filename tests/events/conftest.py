"""A receiver of webhooks, and an application that sends to it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from scapi.database import db
from tests.events.receiver import PUBLIC, SECRET, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def telling(make_app: Callable[..., Flask], receiver: Receiver) -> Iterator[Flask]:
    """An application whose webhooks go to the receiver, inside its context."""
    app = make_app(SCAPI_PUBLIC_URL=PUBLIC, SCAPI_WEBHOOK_URLS=[receiver.url], SCAPI_WEBHOOK_SECRET=SECRET)
    with app.app_context():
        yield app
        db.session.remove()
