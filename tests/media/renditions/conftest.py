"""Renditions are made by hand in these tests."""

import pytest

from scapi.media.renditions import asking, maker


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nothing by itself, and wait for nothing."""
    monkeypatch.setattr(maker, "wake", lambda: None)
    monkeypatch.setattr(asking, "PATIENCE", 0)
