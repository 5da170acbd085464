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
"""The errors that a job may raise: the database or the storage is away. The job runs again after its pause."""


@dataclass(frozen=True, slots=True)
class Job:
    """Periodic work, with a pause of `pause` seconds.

    `run` does the due work, in bounded memory, and returns True if more is due already. It calls `stopped` after each
    item and returns if that is true. `count` returns the number of due items, and does nothing else. Both may raise
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
    making.make_due(stopped)  # False: another process of this host makes them
    return False


JOBS = (
    Job("sweep", 15 * 60, _sweep, _count_sweep),
    Job("previews", 2, refreshing.refresh_due, refreshing.count_due),
    Job("pictures", 5 * 60, settling.remake_overdue, settling.count_overdue),
    Job("renditions", 60, _renditions, backlog.count_due),
    Job("webhooks", 2, delivery.deliver_due, outbox.count_due),
)
"""All jobs. A new one needs a name, a pause in seconds, and two functions.

The pause of renditions is long because the web processes make them, in a pause between uploads."""


def run_once(app: Flask, jobs: Sequence[Job], stopped: Callable[[], bool]) -> list[str]:
    """Run each job until nothing is due; return the names of the failed jobs."""
    return [job.name for job in jobs if not _run(app, job, stopped)]


class Loop:
    """Runs each job in its own thread, so that no job waits for another."""

    def __init__(self, app: Flask, jobs: Sequence[Job]) -> None:
        self._app = app
        self._stop = threading.Event()
        self._broken: list[str] = []
        self._threads = [threading.Thread(target=self._repeat, args=(job,), name=job.name) for job in jobs]

    def stop(self) -> None:
        """Stop each job after its current item."""
        self._stop.set()

    def run(self, is_wanted: Callable[[], bool]) -> list[str]:
        """Run until `stop` is called, `is_wanted` is no longer true, or a job has a bug.

        Returns the names of the jobs with a bug.
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
    """Run a job until nothing is due; do nothing while scapi is read-only. Return False if it failed."""
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
