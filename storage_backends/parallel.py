"""Makes calls in parallel with their caller."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Parallel:
    """Makes calls in at most `most` threads, called `name`. The threads are kept: starting one costs more than a call.

    If no thread can be started, the caller makes the call itself. A process makes all calls before it exits.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._threads = ThreadPoolExecutor(most, name)
        self._owner = os.getpid()

    def begin(self, call: Callable[[], Result]) -> Future[Result]:
        """Make the call in a thread, as soon as one is free; return the future of its result."""
        made = _Call(call)
        self._offer(made)
        return made.future

    def all(self, calls: Iterable[Callable[[], Result]]) -> list[Result]:
        """Return the results of the calls, in order. They are made in parallel, also by this thread.

        After a failure no further call begins. When no call is running any more, raises the first exception.
        """
        failed = threading.Event()
        made = [_Call(call, failed) for call in calls]
        for one in made[1:]:
            self._offer(one)
        for one in made:
            one()
        futures = [one.future for one in made]
        wait(futures)
        for future in futures:
            if not future.cancelled():
                future.result()
        return [future.result() for future in futures]

    @contextmanager
    def during(self, *calls: Callable[[], object]) -> Iterator[None]:
        """Make the calls in parallel with the block, and wait for all of them. Raises the first exception."""
        under_way = [self.begin(call) for call in calls]
        try:
            yield
        finally:
            wait(under_way)
        for one in under_way:
            one.result()

    def _offer(self, call: _Call[Any]) -> None:
        if self._owner != os.getpid():  # threads do not survive a fork
            self._threads, self._owner = ThreadPoolExecutor(self._most, self._name), os.getpid()
        try:
            self._threads.submit(call)
        except RuntimeError:  # there are too many threads already, or the process exits
            call()


class _Call(Generic[Result]):
    """A call that is made once, by the first thread that reaches it, unless a call that shares `failed` has failed."""

    def __init__(self, call: Callable[[], Result], failed: threading.Event | None = None) -> None:
        self._call = call
        self._failed = failed or threading.Event()
        self._begun = threading.Lock()
        self.future: Future[Result] = Future()

    def __call__(self) -> None:
        if not self._begun.acquire(blocking=False):
            return
        if self._failed.is_set():
            self.future.cancel()
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self._call())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            self._failed.set()
            self.future.set_exception(error)
