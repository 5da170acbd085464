"""While the database is away, one caller tries it and the others are refused; quick failures reach all callers."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from scapi.database import breaker
from scapi.database.breaker import ASK_EVERY, SILENT, Breaker
from scapi.database.failures import DatabaseAway


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def attempt(door: Breaker, clock: Clock, seconds: float, *, works: bool = False) -> None:
    """Connect, which takes `seconds` and fails unless it `works`. Raises what the caller would get."""
    with door.connecting():
        clock.now += seconds
        if not works:
            raise ConnectionError("made to fail")


def is_refused(call: Callable[[], None]) -> bool:
    try:
        call()
    except DatabaseAway:
        return True
    return False


def test_a_database_that_is_there_refuses_nobody(clock: Clock) -> None:
    door = Breaker(clock)
    for _ in range(3):
        attempt(door, clock, 5, works=True)
        assert not is_refused(door.refuse)


def test_silence_opens_it_and_one_asks_every_second(clock: Clock) -> None:
    door = Breaker(clock)
    with pytest.raises(ConnectionError):
        attempt(door, clock, SILENT)
    assert is_refused(door.refuse)
    clock.now += ASK_EVERY - 0.01
    assert is_refused(door.refuse)
    assert is_refused(lambda: attempt(door, clock, 0, works=True))
    clock.now += 0.01
    assert not is_refused(door.refuse)
    with door.connecting():  # this caller makes the attempt
        assert is_refused(door.refuse)
        clock.now += 60  # any time later
        assert is_refused(door.refuse)
    assert not is_refused(door.refuse)


def test_a_quick_refusal_does_not_open_it(clock: Clock) -> None:
    door = Breaker(clock)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            attempt(door, clock, SILENT - 0.01)
        assert not is_refused(door.refuse)


def test_an_answer_on_another_connection_closes_it(clock: Clock) -> None:
    door = Breaker(clock)
    with pytest.raises(ConnectionError):
        attempt(door, clock, SILENT)
    door.there()
    assert not is_refused(door.refuse)


@pytest.mark.parametrize(("works", "expected"), [(True, "connected"), (False, "refused")])
def test_when_a_connection_breaks_one_asks_and_the_others_wait_for_the_answer(
    clock: Clock, works: bool, expected: str
) -> None:
    door, asked, answer = Breaker(clock), Event(), Event()
    heard: list[str] = []

    def ask() -> None:
        with pytest.raises(ConnectionError) if not works else door.connecting():
            if works:
                asked.set()
                answer.wait(30)
                return
            with door.connecting():
                asked.set()
                answer.wait(30)
                clock.now += SILENT
                raise ConnectionError

    def wait() -> None:
        heard.append("refused" if is_refused(lambda: attempt(door, clock, 0, works=True)) else "connected")

    door.doubt()
    threads = [Thread(target=ask), *(Thread(target=wait) for _ in range(3))]
    threads[0].start()
    asked.wait(30)
    for thread in threads[1:]:
        thread.start()
    answer.set()
    for thread in threads:
        thread.join(30)
    assert heard == [expected] * 3


def test_nobody_waits_long_for_an_answer(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "WAIT_FOR_ANSWER", 0.01)
    door = Breaker(clock)
    door.doubt()
    with door.connecting():
        assert is_refused(lambda: attempt(door, clock, 0, works=True))
