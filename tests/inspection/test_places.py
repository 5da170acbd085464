"""Places and turns: which request gets one."""

import threading
from contextlib import ExitStack

import pytest

from scapi.inspection.places import Places, Rank
from scapi.refusals import Refused


def refusal(places: Places, who: str) -> str:
    with pytest.raises(Refused) as caught, places.entered(who):
        pass
    assert (caught.value.status, caught.value.retry_after) == (503, 2)
    return caught.value.code


def test_one_client_has_half_of_the_places_and_all_have_all() -> None:
    places = Places(4, 2, patience=0)
    with ExitStack() as inside:
        for _ in range(2):
            inside.enter_context(places.entered("a"))
        assert refusal(places, "a") == "busy"
        for who in "bc":
            inside.enter_context(places.entered(who))
        assert refusal(places, "d") == "busy"
    with places.entered("a"), places.entered("d"):
        pass


def test_a_place_is_free_again_whatever_happens() -> None:
    places = Places(2, 2, patience=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.entered("a"), places.turn("a", Rank.IMAGE):
            raise ZeroDivisionError


def test_one_client_has_half_of_the_turns() -> None:
    places = Places(8, 4, patience=0)
    with ExitStack() as running:
        for _ in range(2):
            running.enter_context(places.turn("a", Rank.IMAGE))
        with pytest.raises(Refused, match="other files"), places.turn("a", Rank.IMAGE):
            pass
        running.enter_context(places.turn("b", Rank.DOCUMENT))


def test_what_is_quick_goes_first_and_then_who_came_first() -> None:
    places = Places(8, 2, patience=30)
    order: list[tuple[str, Rank]] = []

    def wait(who: str, rank: Rank) -> None:
        with places.turn(who, rank):
            order.append((who, rank))

    waiting = [("a", Rank.BACKGROUND), ("b", Rank.DOCUMENT), ("c", Rank.DOCUMENT), ("d", Rank.IMAGE)]
    threads = []
    with places.turn("x", Rank.IMAGE), ExitStack() as held:
        held.enter_context(places.turn("y", Rank.IMAGE))
        for number, (who, rank) in enumerate(waiting):
            threads.append(threading.Thread(target=wait, args=(who, rank)))
            threads[-1].start()
            while len(places._waiting) <= number:
                pass
        held.close()  # one turn at a time is free from now on
        for thread in threads:
            thread.join(30)
    assert order == sorted(waiting, key=lambda one: one[1])
