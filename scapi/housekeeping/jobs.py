"""The periodic jobs, and the loop that runs them. Each job may run several times at once, also on several hosts."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from scapi.database import now
from scapi.events import delivery, outbox
from scapi.housekeeping import sweep
from scapi.media import settling
from scapi.media.links import refreshing
from scapi.media.renditions import backlog, making
from scapi.settings import settings
from scapi.sweeping import Due
from storage_backends import StorageError

log = logging.getLogger(__name__)

FAILURES = (SQLAlchemyError, StorageError)
"""What a job may raise: the database or the storage is away. The job runs again after its pause."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is done again and again, with a pause of `pause` seconds in between.

    `run` does what is due, in bounded memory, and returns True if more is due already. It asks `stopped` between two
    things and returns when that is true. `count` returns how many things are due, and does nothing. Both may raise
    FAILURES.
    """

    name: str
    pause: float
    run: Callable[[Callable[[], bool]], bool]
    count: Callable[[], int]


def _sweep(stopped: Callable[[], bool]) -> bool:
    sweep.run(Due.at(now()), stopped)
    return False


def _count_sweep() -> int:
    return sum(swept.removed for swept in sweep.count(Due.at(now())))


def _renditions(stopped: Callable[[], bool]) -> bool:
    making.make_due(stopped)  # what another process of this host makes is not ours
    return False


JOBS = (
    Job("sweep", 15 * 60, _sweep, _count_sweep),
    Job("previews", 2, refreshing.refresh_due, refreshing.count_due),
    Job("pictures", 5 * 60, settling.remake_overdue, settling.count_overdue),
    Job("renditions", 2, _renditions, backlog.count_due),
    Job("webhooks", 2, delivery.deliver_due, outbox.count_due),
)
"""All of them. To add one: a name, a pause in seconds, and two functions of its room."""


def run_once(app: Flask, jobs: Sequence[Job], stopped: Callable[[], bool]) -> list[str]:
    """Run each job until nothing is due; return the names of those that failed."""
    return [job.name for job in jobs if not _run(app, job, stopped)]


class Loop:
    """Runs each job in a thread of its own, so that none waits for another one."""

    def __init__(self, app: Flask, jobs: Sequence[Job]) -> None:
        self._app = app
        self._stop = threading.Event()
        self._broken: list[str] = []
        self._threads = [threading.Thread(target=self._repeat, args=(job,), name=job.name) for job in jobs]

    def stop(self) -> None:
        """Let each job end after what it is doing just now."""
        self._stop.set()

    def run(self, is_wanted: Callable[[], bool]) -> list[str]:
        """Run until `stop` is called, until `is_wanted` is no longer true, or until a job has a bug.

        Return the names of jobs that have one.
        """
        for thread in self._threads:
            thread.start()
        while not self._stop.wait(1):
            if not is_wanted():
                self.stop()
        for thread in self._threads:
            thread.join()
        return self._broken

    def _repeat(self, job: Job) -> None:
        try:
            while not self._stop.is_set():
                _run(self._app, job, self._stop.is_set)
                self._stop.wait(job.pause)
        except BaseException:
            self._broken.append(job.name)
            self.stop()
            raise


def _run(app: Flask, job: Job, stopped: Callable[[], bool]) -> bool:
    """Run a job until nothing is due, or not at all while nothing may be written; return False if it failed."""
    try:
        with app.app_context():
            if settings.read_only:
                return True
            while not stopped() and job.run(stopped):
                pass
    except FAILURES:
        log.exception("%s failed; it is tried again", job.name)
        return False
    return True
