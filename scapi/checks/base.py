"""What a check promises. It needs neither Flask nor a database: docs/events.md has an example.

An entry point in the group `scapi.checks` names a function that takes scapi's settings (a mapping) and returns the
check, a Check. It is called once at start and makes no request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

ENTRY_POINT_GROUP = "scapi.checks"


class Rejected(Exception):
    """The file must not be seen by anyone. The message is for whoever uploaded it: it says why."""


class Unavailable(Exception):
    """The file could not be checked now. The message is for the log; the client is told to try again."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What is known of the file: its name, its type and size in bytes as they came, and who sent it, if anybody."""

    filename: str
    mimetype: str
    size: int
    user_id: int | str | None


Check = Callable[[CheckedFile, BinaryIO], None]
"""Looks at a finished file, which it may read once, from begin to end, and returns to accept it.

Raises Rejected or Unavailable. Whatever else it raises is its own fault: the client hears 500, and the upload stays.
It is called by several threads at once, and again for the same file where the first answer got lost.
"""
