"""The messages between the process that inspects a file and the process that asked. Both sides import this.

A message is one byte of kind, four of length (big-endian), and the payload.
"""

import struct
from enum import Enum

HEADER = struct.Struct(">cI")
RANGE = struct.Struct(">QQ")
"""The payload of a READ: offset and length. The bytes come back as they are."""

MAX_WORDS = 64 * 1024
"""The most bytes of a message, except of a picture."""


class Kind(bytes, Enum):
    """The kind of a message."""

    READ = b"R"
    """The job wants a range of the file. Only if the file was not passed as a descriptor."""

    FACTS = b"F"
    """A JSON object. The last one counts. A job may send facts early, so that they are kept if the rest fails."""

    PICTURE = b"P"
    """The bytes of a file that was made. Their order tells to which fact they belong."""

    VERDICT = b"V"
    """JSON with `code` and `message`: why the file is refused."""

    MISHAP = b"M"
    """JSON with `memory` (whether it ran out) and `message`, for the log. It says nothing about the file."""

    DONE = b"D"
    """The job has sent everything."""
