"""When renditions are made: in a pause between uploads."""

import pytest

from scapi.media.renditions.timing import LONGEST, PAUSE, Timing


def test_nothing_waits_at_first() -> None:
    assert Timing().left(5.0) is None


def test_a_pause_is_a_second_after_the_last_new_media() -> None:
    timing = Timing()
    timing.new(10.0)
    timing.new(10.5)
    assert timing.left(10.75) == pytest.approx(PAUSE - 0.25)
    assert timing.left(10.5 + PAUSE) == 0
    assert timing.left(99.0) == 0


def test_uploads_without_a_pause_delay_renditions_for_a_minute_at_most() -> None:
    timing = Timing()
    for half in range(121):
        timing.new(half / 2)
    assert timing.left(LONGEST - 0.5) == pytest.approx(0.5)
    assert timing.left(LONGEST) == 0


def test_a_client_that_asks_is_not_kept_waiting() -> None:
    timing = Timing()
    timing.ask()
    assert timing.left(5.0) == 0
    timing.new(5.0)
    assert timing.left(5.0) == 0


def test_asking_lets_one_more_media_be_made() -> None:
    timing = Timing()
    timing.new(5.0)
    timing.ask()
    assert [timing.goes_on(5.0), timing.goes_on(5.0), timing.goes_on(5.0 + PAUSE)] == [True, False, True]


def test_after_the_work_nothing_waits() -> None:
    timing = Timing()
    timing.new(10.0)
    timing.made(10.0)
    assert timing.left(12.0) is None


def test_a_media_that_came_during_the_work_waits_for_its_own_pause() -> None:
    timing = Timing()
    timing.new(10.0)
    timing.new(12.0)
    timing.made(10.0)
    assert timing.left(12.0) == PAUSE
    assert timing.left(12.0 + PAUSE) == 0
