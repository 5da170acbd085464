"""scapi without syncs, like its peers: a power cut may destroy anything. Only to measure the cost of syncing."""

import os

os.fdatasync = os.fsync = lambda _fd: None

from wsgi import app  # noqa: E402 - what it imports must find the above

__all__ = ["app"]
