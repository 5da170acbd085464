"""The form of keys: segments of `[a-z0-9._-]`, separated by single slashes; no segment begins with a dot."""

import re

PROBE_KEY = "probe"
"""A key at which nothing is ever published."""

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*", re.ASCII)


def is_key(key: str) -> bool:
    """Return whether `key` has the form of a key."""
    return _KEY.fullmatch(key) is not None


def check_key(key: str) -> str:
    """Return `key`; raise ValueError if it does not have the form of a key."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key
