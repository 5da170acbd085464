"""How long something may take in all, however many steps it has."""

import time
from typing import Self


class Deadline:
    """A moment up to which everything must be done."""

    def __init__(self, end: float) -> None:
        self._end = end

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline that is `seconds` from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that are left, 0 when there are none."""
        return max(0.0, self._end - time.monotonic())

    def part(self, share: float) -> "Deadline":
        """Return a deadline that leaves the rest of the time to what comes after."""
        return Deadline(time.monotonic() + share * self.left)
