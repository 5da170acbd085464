"""When renditions are made: in a lull between uploads."""

import pytest

from scapi.media.renditions.lulls import LONGEST, LULL, Lull


def test_nothing_waits_at_first() -> None:
    assert Lull().left(5.0) is None


def test_a_lull_is_a_second_after_the_last_new_media() -> None:
    lull = Lull()
    lull.new(10.0)
    lull.new(10.5)
    assert lull.left(10.75) == pytest.approx(LULL - 0.25)
    assert lull.left(10.5 + LULL) == 0
    assert lull.left(99.0) == 0


def test_uploads_without_a_lull_delay_renditions_for_a_minute_at_most() -> None:
    lull = Lull()
    for half in range(121):
        lull.new(half / 2)
    assert lull.left(LONGEST - 0.5) == pytest.approx(0.5)
    assert lull.left(LONGEST) == 0


def test_a_client_that_asks_is_not_kept_waiting() -> None:
    lull = Lull()
    lull.ask()
    assert lull.left(5.0) == 0
    lull.new(5.0)
    assert lull.left(5.0) == 0


def test_after_the_work_nothing_waits() -> None:
    lull = Lull()
    lull.new(10.0)
    lull.made(10.0)
    assert lull.left(12.0) is None


def test_a_media_that_came_during_the_work_waits_for_its_own_lull() -> None:
    lull = Lull()
    lull.new(10.0)
    lull.new(12.0)
    lull.made(10.0)
    assert lull.left(12.0) == LULL
    assert lull.left(12.0 + LULL) == 0
