"""Calls made in parallel with their caller."""

import os
import threading
from collections.abc import Callable
from functools import partial
from threading import Barrier, Event, Lock

import pytest

from storage_backends.parallel import Parallel
from tests.servers import wait_until

PATIENCE = 30


def no_thread_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)


def threads(name: str) -> int:
    return sum(thread.name.startswith(name) for thread in threading.enumerate())


def test_calls_are_made_side_by_side_and_answered_in_order() -> None:
    together = Barrier(4, timeout=PATIENCE)

    def meet(number: int) -> int:
        together.wait()
        return number

    assert Parallel(3, "beside").all([partial(meet, number) for number in range(4)]) == [0, 1, 2, 3]


def test_there_are_no_more_threads_than_said() -> None:
    lock, inside, most = Lock(), 0, 0

    def count() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        Event().wait(0.001)
        with lock:
            inside -= 1

    beside = Parallel(3, "counted")
    for begun in [beside.begin(count) for _ in range(50)]:
        begun.result(PATIENCE)
    assert most <= 3
    assert threads("counted") <= 3
    del beside
    wait_until(lambda: threads("counted") == 0, PATIENCE, "the threads to end")


def test_after_a_failure_no_other_call_begins_and_none_goes_on() -> None:
    failed, going_on = Event(), Event()
    made: list[int] = []

    def fail() -> None:
        going_on.wait(PATIENCE)
        failed.set()
        raise ValueError("the second")

    def go_on(number: int) -> None:
        going_on.set()
        failed.wait(PATIENCE)
        made.append(number)

    calls: list[Callable[[], None]] = [partial(go_on, number) for number in range(20)]
    calls[1] = fail
    beside = Parallel(1, "failing")
    with pytest.raises(ValueError, match="the second"):
        beside.all(calls)
    before = list(made)
    beside.begin(int).result(PATIENCE)  # the only thread has come to the end of the others
    assert made == before
    assert len(made) <= 2  # the first, and one that began before its failure was known


def test_what_is_begun_beside_something_else_is_waited_for() -> None:
    made = []

    def late() -> None:
        Event().wait(0.01)
        made.append("beside")

    with Parallel(1, "beside").during(late):
        made.append("inside")
    assert sorted(made) == ["beside", "inside"]

    def fail() -> None:
        raise ValueError("beside")

    with pytest.raises(ValueError, match="beside"), Parallel(1, "beside").during(fail):
        made.append("again")
    with pytest.raises(KeyError), Parallel(1, "beside").during(late):
        raise KeyError
    assert made.count("beside") == 2


@pytest.mark.parametrize("how", ["begin", "all", "during"])
def test_where_no_thread_can_be_started_the_caller_does_it_all(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    no_thread_starts(monkeypatch)
    beside = Parallel(4, "beside")
    made: list[int] = []
    calls: list[Callable[[], None]] = [partial(made.append, number) for number in range(10)]
    if how == "begin":
        for call in calls:
            assert beside.begin(call).done()
    elif how == "all":
        beside.all(calls)
    else:
        with beside.during(*calls):
            pass
    assert sorted(made) == list(range(10))


def test_a_call_is_made_once_where_threads_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    beside, hold = Parallel(4, "beside"), Event()
    made: list[int] = []
    first = beside.begin(partial(hold.wait, PATIENCE))
    no_thread_starts(monkeypatch)
    begun = [beside.begin(partial(made.append, number)) for number in range(5)]
    hold.set()
    assert first.result(PATIENCE)
    for one in begun:
        one.result(PATIENCE)
    assert made == list(range(5))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12, as this process has threads
def test_a_fork_makes_its_calls_in_threads_of_its_own() -> None:
    beside = Parallel(1, "beside")
    beside.begin(os.getpid).result(PATIENCE)
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if beside.begin(os.getpid).result(5) == os.getpid() else 1)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0) == (child, 0)
