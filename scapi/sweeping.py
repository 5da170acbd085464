"""The tasks of the sweeper: things that have expired, each with the function that removes it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

GRACE = timedelta(hours=1)
"""Longer than any request takes. Only objects that have not changed for this long count as left by a crashed request.
"""


@dataclass(frozen=True, slots=True)
class Due:
    """Limits of age for the sweeper.

    `now` is the moment of the sweep. If `began_before` is set, uploads that began before it are removed too, besides
    expired ones. Objects that were written before `left_before` and belong to no row are removed.
    """

    now: datetime
    began_before: datetime | None
    left_before: datetime

    @classmethod
    def at(cls, moment: datetime, older_than: timedelta | None = None) -> Self:
        """Return the limits for a sweep at `moment`; with `older_than`, older uploads are removed too."""
        if older_than is None:
            return cls(moment, None, moment - GRACE)
        return cls(moment, moment - older_than, moment - min(GRACE, older_than))


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to remove: `run` may be called twice, also by two sweepers at once. It may raise StorageError."""

    name: str
    run: Callable[[], None]
