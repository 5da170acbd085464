"""The form of keys: segments of `[a-z0-9._-]`, divided by single slashes, none of which begins with a dot."""

import re

PROBE_KEY = "probe"
"""Where nothing is ever published."""

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*", re.ASCII)


def is_key(key: str) -> bool:
    """Return whether `key` is of the form that keys have."""
    return _KEY.fullmatch(key) is not None


def check_key(key: str) -> str:
    """Return `key` as it is; raise ValueError if it is not of the form that keys have."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key
