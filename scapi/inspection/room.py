"""Admits requests up to a limit, has each file inspected in a process of its own, and returns the facts."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from scapi import metrics
from scapi.inspection import confinement
from scapi.inspection.conversation import Conversation
from scapi.inspection.facts import knows_served
from scapi.inspection.outcomes import Answer, Late, Lost, Mishap, Overtime, PhaseOvertime
from scapi.inspection.places import Places, Rank
from scapi.inspection.questions import Question, Request

PATIENCE = 5.0
"""Seconds that a request waits for its turn. The API's clients give up after 10."""

TURNS = 4
"""Files that one web process has inspected at the same time."""

WALL_SECONDS = 8.0
"""Wall clock seconds that inspecting a file may take: twice its CPU time, as the processors have other work too.

The time to get the file's bytes from the storage is extra (`conversation.SOURCE_SECONDS`)."""

BACKGROUND_WALL_SECONDS = 90.0
"""The same for jobs in the background, which no client waits for: everything else goes first."""

THREADS = "SCAPI_THREADS"
"""Set by gunicorn.conf.py: how many threads serve requests. Without it there are DEFAULT_THREADS."""

DEFAULT_THREADS = 64

Facts = TypeVar("Facts")

_log = logging.getLogger(__name__)


class Look(Generic[Facts]):
    """A file that is being inspected; its process works while the caller does something else."""

    def __init__(self, question: Question[Facts], stack: ExitStack, seconds: float) -> None:
        self._question, self._stack = question, stack
        self._deadline = time.monotonic() + seconds
        try:
            self._conversation = self._begin(question.request)
        except Lost as error:
            _log.warning("inspection, %s: %s", question.request.job, error.reason)
            raise

    def facts(self) -> Facts:
        """Wait for the facts. Raises Verdict, Mishap, and the errors of reading the source."""
        with self._logged():
            return self._question.read(self._answer(lambda conversation: conversation.answer()))

    def served(self) -> bytes | None:
        """Wait for the file to serve instead of an image, which comes before the facts; None if there is none.

        Raises what `facts` raises.
        """
        if self._question.read_served is None:
            return None
        with self._logged():
            return self._question.read_served(self._answer(lambda conversation: conversation.part(knows_served)))

    @contextmanager
    def _logged(self) -> Iterator[None]:
        try:
            yield
        except Mishap as error:
            _log.warning("inspection, %s: %s", self._question.request.job, error.reason)
            raise

    def _begin(self, request: Request) -> Conversation:
        return self._stack.enter_context(Conversation(request, self._question.source, self._deadline))

    def _answer(self, hear: Callable[[Conversation], Answer]) -> Answer:
        try:
            return self._answer_at_last(hear)
        except Lost:
            raise
        except Mishap as error:
            if self._question.parts_will_do and error.answer is not None:
                return replace(error.answer, more_later=isinstance(error, Late))
            if isinstance(error, Overtime):
                raise self._question.too_complex from error
            raise

    def _begin_again(self, request: Request) -> None:
        self._deadline = self._conversation.deadline
        self._conversation = self._begin(request)

    def _answer_at_last(self, hear: Callable[[Conversation], Answer]) -> Answer:
        """Return the answer of the first process, or of a second one if the first could not finish."""
        try:
            return hear(self._conversation)
        except PhaseOvertime:
            if self._question.without_phase is None:
                raise
            self._begin_again(self._question.without_phase)
        except Lost:  # it was killed from outside; this file is not the reason
            self._begin_again(self._question.request)
        return hear(self._conversation)


class Visit:
    """A client's place in the room."""

    def __init__(self, places: Places, who: str) -> None:
        self._places, self._who = places, who

    @contextmanager
    def look(self, question: Question[Facts]) -> Iterator[Look[Facts]]:
        """Have a file inspected as soon as it is its turn, until the end of the context at the latest.

        Raises Refused (busy) if its turn does not come in time.
        """
        job = question.request.job
        with (
            self._places.turn(self._who, question.rank),
            metrics.INSPECTION_SECONDS.labels(job).time(),
            ExitStack() as stack,
        ):
            yield Look(question, stack, WALL_SECONDS)

    def facts(self, question: Question[Facts]) -> Facts:
        """Have a file inspected and wait for the facts. Raises Refused: busy, Verdict, Mishap."""
        with self.look(question) as look:
            return look.facts()


class Room:
    """The places of one web process: at most half of its threads may be inside at once."""

    def __init__(self, threads: int) -> None:
        self._places = Places(max(1, threads // 2), TURNS, PATIENCE)

    @contextmanager
    def entered(self, who: str) -> Iterator[Visit]:
        """Take a place for a client until the end of the context. Raises Refused (busy) at once if there is none."""
        with self._places.entered(who):
            yield Visit(self._places, who)

    def in_background(self, question: Question[Facts]) -> Facts:
        """Have a file inspected that no client waits for. It takes no place and no turn. Raises Verdict and Mishap.

        One call at a time only.
        """
        with metrics.INSPECTION_SECONDS.labels(question.request.job).time(), ExitStack() as stack:
            return Look(question, stack, BACKGROUND_WALL_SECONDS).facts()


def set_up(app: Flask) -> None:
    """Create the room, and log the means of confinement that this kernel lacks."""
    app.extensions["scapi.inspection"] = Room(int(os.environ.get(THREADS, DEFAULT_THREADS)))
    for lack in confinement.missing():
        app.logger.warning("files are inspected without %s", lack)


if TYPE_CHECKING:
    room: Room
else:
    room = LocalProxy(lambda: current_app.extensions["scapi.inspection"])

__all__ = ["Look", "Rank", "Room", "Visit", "room", "set_up"]
