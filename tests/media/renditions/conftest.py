"""In these tests, renditions are made only by explicit calls."""

import pytest

from scapi.media.renditions import asking, maker


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make no renditions automatically, and do not wait for any."""
    monkeypatch.setattr(maker, "make_soon", lambda: None)
    monkeypatch.setattr(maker, "make_now", lambda: None)
    monkeypatch.setattr(asking, "PATIENCE", 0)
