"""What the exit code of a command means: `scapi --help` and docs/day-two.md show this table."""

import os
from enum import IntEnum


class Exit(IntEnum):
    """With what a command ends. Codes above 2 are those of sysexits.h."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    AWAY = os.EX_TEMPFAIL
    CONFIGURATION = os.EX_CONFIG


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "something failed, or a check found something: the output says what",
    Exit.USAGE: "the command line is not right",
    Exit.AWAY: "the database or the storage is away or full: run it again later",
    Exit.CONFIGURATION: "a setting cannot work, or the database has not the schema of this version",
}
