"""The exit codes of commands: `scapi --help` and docs/day-two.md show this table."""

import os
from enum import IntEnum


class Exit(IntEnum):
    """The exit code of a command. Codes above 2 are those of sysexits.h."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    AWAY = os.EX_TEMPFAIL
    CONFIGURATION = os.EX_CONFIG


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "something failed, or a check found a problem: see the output",
    Exit.USAGE: "the command line is wrong",
    Exit.AWAY: "the database or the storage is away or full: run it again later",
    Exit.CONFIGURATION: "a setting cannot work, or the database does not have the schema of this version",
}
