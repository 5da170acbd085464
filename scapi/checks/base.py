"""The interface of checks. A check needs neither Flask nor a database: docs/events.md has an example.

An entry point in the group `scapi.checks` names a function that takes scapi's settings (a mapping) and returns the
check, a Check. It is called once at start and makes no request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

ENTRY_POINT_GROUP = "scapi.checks"


class Rejected(Exception):
    """The check refuses the file. The message says why; the client that uploaded the file gets it."""


class Unavailable(Exception):
    """The file cannot be checked now. The message is for the log; the client is told to try again."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """Facts about the file as it was sent: name, type, size in bytes, and the user, if any."""

    filename: str
    mimetype: str
    size: int
    user_id: int | str | None


Check = Callable[[CheckedFile, BinaryIO], None]
"""Checks a finished file. It may read the file once, from start to end. It returns to accept the file.

Raises Rejected or Unavailable. Any other exception is a bug of the check: the client gets 500, and the upload stays.
Several threads may call it at once, and it may be called again for the same file if the first answer got lost.
"""
