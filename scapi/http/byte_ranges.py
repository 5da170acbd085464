"""Ranges of bytes that Werkzeug does not handle as in RFC 9110 (section 14.1.2)."""

import re

_SUFFIX = re.compile(r"\s*bytes\s*=\s*-0*([0-9]*)\s*", re.ASCII | re.IGNORECASE)


def of_file(asked: str, size: int) -> str:
    """Rewrite the Range header `asked` for Werkzeug, for a file of `size` bytes, which is not empty.

    A suffix that is longer than the file means the whole file. A suffix of 0 bytes cannot be satisfied.
    """
    suffix = _SUFFIX.fullmatch(asked)
    if suffix is None:
        return asked
    digits = suffix[1]
    if not digits:
        return f"bytes={size}-" if "0" in asked else asked
    longer = len(digits) > len(str(size)) or int(digits) >= size
    return "bytes=0-" if longer else asked
