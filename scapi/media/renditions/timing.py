"""When a process makes renditions: in a pause between uploads, so that they do not slow down the next ones."""

from __future__ import annotations

from dataclasses import dataclass

PAUSE = 1.0
"""Seconds after the last new media."""

LONGEST = 60.0
"""Seconds after the first new media that waits: then renditions are made between uploads, too."""


@dataclass(slots=True)
class Timing:
    """Decides when to make renditions. Times are seconds of one clock that never goes back."""

    first: float | None = None
    """When the first media came whose renditions wait; None if none wait."""
    last: float = 0.0
    asked: bool = False

    def new(self, at: float) -> None:
        """Note that there is a new media."""
        self.last = at
        if self.first is None:
            self.first = at

    def ask(self) -> None:
        """Note that a client waits for a rendition."""
        self.asked = True

    def left(self, at: float) -> float | None:
        """Return how many seconds to wait: 0 if it is time now, None if nothing is to be made."""
        if self.asked:
            return 0.0
        if self.first is None:
            return None
        return max(0.0, min(self.last + PAUSE, self.first + LONGEST) - at)

    def goes_on(self, at: float) -> bool:
        """Return whether to make the renditions of one more media now. A client that asked has then been heard."""
        asked, self.asked = self.asked, False
        return asked or self.left(at) == 0

    def made(self, newest: float) -> None:
        """Note that the renditions of all media are made that came until `newest`."""
        self.first = self.last if self.last > newest else None
