"""How many previews are made at a time, and how long a request waits."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from scapi.previews.places import Busy, Places


@contextmanager
def occupied(places: Places, number: int) -> Iterator[threading.Event]:
    """Take places, and free them when the event is set."""
    over, taken = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        with places.one(0):
            taken.release()
            over.wait(20)

    with ThreadPoolExecutor(number) as pool:
        for _ in range(number):
            pool.submit(hold)
            assert taken.acquire(timeout=10)
        try:
            yield over
        finally:
            over.set()


def test_who_waits_gets_the_next_free_place() -> None:
    places = Places(2)
    with occupied(places, 2) as over, ThreadPoolExecutor(1) as pool:
        entered = threading.Event()

        def wait() -> None:
            with places.one(20):
                entered.set()

        pool.submit(wait)
        assert not entered.is_set()
        over.set()
        assert entered.wait(10)


def test_nobody_waits_longer_than_it_can() -> None:
    places = Places(1)
    with occupied(places, 1), pytest.raises(Busy), places.one(0.05):
        pass


def test_nobody_waits_where_it_is_hopeless() -> None:
    places = Places(1)
    places._usual = 60
    places._waiting = 1
    with occupied(places, 1), pytest.raises(Busy), places.one(30):
        pass
