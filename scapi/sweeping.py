"""The tasks of the sweeper: things that have expired, each with the function that removes it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

GRACE = timedelta(hours=1)
"""Longer than any request lives: only what has not changed for that long counts as left behind by one that crashed."""


@dataclass(frozen=True, slots=True)
class Due:
    """What counts as over.

    `now` is the moment of the sweep. Uploads that began before `began_before` are over, if it is given, besides those
    that expired. Whatever was written before `left_before` and belongs to nothing was left behind.
    """

    now: datetime
    began_before: datetime | None
    left_before: datetime

    @classmethod
    def at(cls, moment: datetime, older_than: timedelta | None = None) -> Self:
        """Return what is over at `moment`, or with `older_than` whatever is older than that, too."""
        if older_than is None:
            return cls(moment, None, moment - GRACE)
        return cls(moment, moment - older_than, moment - min(GRACE, older_than))


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to remove: `run` may be called twice, also by two sweepers at once. It may raise StorageError."""

    name: str
    run: Callable[[], None]
