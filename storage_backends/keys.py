"""The form of keys: segments of `[a-z0-9._-]`, separated by single slashes; no segment begins with a dot."""

import re

PROBE_KEY = "probe"
"""A key at which nothing is ever published."""

KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*", re.ASCII)
"""The whole key must match."""
