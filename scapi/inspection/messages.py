"""The messages between the process that inspects a file and the process that asked. Both sides import this.

A message is one byte of kind, four of length (big-endian), and the payload.
"""

import struct
from enum import Enum

HEADER = struct.Struct(">cI")
RANGE = struct.Struct(">QQ")
"""The payload of a READ: offset and length. The bytes come back as they are."""

MAX_WORDS = 64 * 1024
"""Bytes of a message that is no picture."""


class Kind(bytes, Enum):
    """What a message is."""

    READ = b"R"
    """A range of the file is wanted. Only where the file did not come as a descriptor."""

    FACTS = b"F"
    """A JSON object. The last one counts, so that what is known stays known if the rest fails."""

    PICTURE = b"P"
    """The bytes of a file that was made. They belong to the facts by their order."""

    VERDICT = b"V"
    """JSON with `code` and `message`: why the file is refused."""

    MISHAP = b"M"
    """JSON with `memory` (whether that ran out) and `message`, for the log: it does not tell anything of the file."""

    DONE = b"D"
    """All is said."""


def packed(kind: Kind, payload: bytes) -> bytes:
    """Return a whole message."""
    return HEADER.pack(kind.value, len(payload)) + payload
