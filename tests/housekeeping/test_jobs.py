"""The periodic jobs: each runs independently, and stops when it is told to."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from scapi.housekeeping import jobs
from scapi.housekeeping.jobs import Job, Loop, run_once
from scapi.http.application import Application
from scapi.settings import Settings
from storage_backends import Unavailable


def application() -> Application:
    app = Application("test")
    app.settings = Settings()
    return app


def job(name: str, run: Callable[[Callable[[], bool]], bool], pause: float = 0) -> Job:
    return Job(name, pause, run, lambda: 0)


def never() -> bool:
    return False


def away() -> OperationalError:
    return OperationalError("SELECT 1", {}, Exception("the database is away"))


def test_once_runs_each_job_until_nothing_is_due() -> None:
    left = iter([True, True, False])
    runs = []

    def run(stopped: Callable[[], bool]) -> bool:
        runs.append(stopped())
        return next(left)

    assert run_once(application(), [job("one", run)], never) == []
    assert runs == [False] * 3


@pytest.mark.parametrize("error", [away(), Unavailable("the store is away")])
def test_a_failure_of_one_job_does_not_stop_the_others(error: Exception) -> None:
    done = []

    def fails(_: Callable[[], bool]) -> bool:
        raise error

    def works(_: Callable[[], bool]) -> bool:
        done.append(True)
        return False

    assert run_once(application(), [job("bad", fails), job("good", works)], never) == ["bad"]
    assert done == [True]


def test_no_job_waits_for_another_one() -> None:
    hangs, ran = threading.Event(), threading.Semaphore(0)

    def slow(_: Callable[[], bool]) -> bool:
        assert hangs.wait(60)
        return False

    def quick(_: Callable[[], bool]) -> bool:
        ran.release()
        return False

    loop = Loop(application(), [job("slow", slow), job("quick", quick)])
    thread = threading.Thread(target=loop.run, args=(lambda: True,))
    thread.start()
    assert all(ran.acquire(timeout=60) for _ in range(3))
    loop.stop()
    hangs.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_failure_is_followed_by_another_try() -> None:
    tried = threading.Semaphore(0)

    def fails(_: Callable[[], bool]) -> bool:
        tried.release()
        raise away()

    loop = Loop(application(), [job("bad", fails)])
    thread = threading.Thread(target=loop.run, args=(lambda: True,))
    thread.start()
    assert all(tried.acquire(timeout=60) for _ in range(2))
    loop.stop()
    thread.join(60)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_ends_all_jobs_and_is_told() -> None:
    def broken(_: Callable[[], bool]) -> bool:
        raise ZeroDivisionError

    assert Loop(application(), [job("broken", broken)]).run(lambda: True) == ["broken"]


def test_it_ends_when_it_is_not_wanted_any_more() -> None:
    assert Loop(application(), [job("idle", lambda _: False, 3600)]).run(never) == []


def test_every_job_has_a_name_of_its_own_and_a_pause() -> None:
    assert len({job.name for job in jobs.JOBS}) == len(jobs.JOBS)
    assert all(job.pause > 0 for job in jobs.JOBS)
