"""How an inspection can end: an answer, a verdict about the file, or a failure of the server (Mishap)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scapi.refusals import Refused

RETRY_AFTER = 2
"""Seconds after which a client may try again if the server failed or was busy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer about a file: facts as JSON values, and the bytes of the files made from it. facts.py checks it."""

    facts: dict[str, Any]
    pictures: list[bytes]
    more_later: bool = False
    """Whether there was no time to find the rest."""


class Verdict(Refused):
    """The file is refused because of its content: trying again would change nothing."""


class Mishap(Refused):
    """The server failed and learned nothing about the file, which may be sent again. `reason` is for the log."""

    def __init__(self, reason: str, answer: Answer | None = None) -> None:
        super().__init__(
            "inspection_failed", "the file could not be inspected right now; try again", retry_after=RETRY_AFTER
        )
        self.reason = reason
        self.answer = answer
        """What the process had sent before it failed."""


class Crash(Mishap):
    """The process was ended by a signal or ran out of memory: the file may be the cause."""


class Lost(Mishap):
    """The process or its parent was killed from outside."""


class Late(Mishap):
    """The wall clock limit is reached: the storage or the machine is slow."""


class Overtime(Mishap):
    """The process has used all of its CPU time."""


class PhaseOvertime(Overtime):
    """One phase of the job has used all of its CPU time; without this phase the job may still succeed."""


def busy(message: str) -> Refused:
    """Return the refusal of a request when all places are taken."""
    return Refused("busy", message, retry_after=RETRY_AFTER)
