"""How looking at a file can end: with an answer, with a verdict about the file, or with a mishap of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scapi.refusals import Refused

RETRY_AFTER = 2
"""Seconds after which what failed for a reason of ours, or found no place, may be tried again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a file: facts as JSON has them, and the bytes of what was made of it. facts.py checks it."""

    facts: dict[str, Any]
    pictures: list[bytes]
    more_later: bool = False
    """Whether there is more to be found, for which there was no time."""


class Verdict(Refused):
    """The file is refused for what it is: asking again would change nothing."""


class Mishap(Refused):
    """Nothing was learned about the file, which may be sent again. `reason` is for the log."""

    def __init__(self, reason: str, answer: Answer | None = None) -> None:
        super().__init__(
            "inspection_failed", "the file could not be inspected right now; try again", retry_after=RETRY_AFTER
        )
        self.reason = reason
        self.answer = answer
        """What was said before."""


class Crash(Mishap):
    """The process was ended by a signal or ran out of memory: it may be the file's doing after all."""


class Lost(Mishap):
    """The process was killed from outside, or its parent was."""


class Late(Mishap):
    """The time by the clock is over: the storage or the machine is slow."""


class Overtime(Mishap):
    """The process has used all of its CPU time."""


class PhaseOvertime(Overtime):
    """One phase of the job has used all the CPU time that it may have; without it the job may come to an end."""


def busy(message: str) -> Refused:
    """Return the refusal of a request that there is no place for."""
    return Refused("busy", message, retry_after=RETRY_AFTER)
