"""Where uploads are stored: one small interface, its backends, and a registry for others."""

from storage_backends.base import (
    BLOCK,
    Diagnosis,
    Doubt,
    Leftover,
    Misconfigured,
    NoSpace,
    NotFound,
    Published,
    State,
    StorageBackend,
    StorageError,
    Unavailable,
)
from storage_backends.checked import CheckedBackend
from storage_backends.registry import ENTRY_POINT_GROUP, load

__all__ = [
    "BLOCK",
    "ENTRY_POINT_GROUP",
    "CheckedBackend",
    "Diagnosis",
    "Doubt",
    "Leftover",
    "Misconfigured",
    "NoSpace",
    "NotFound",
    "Published",
    "State",
    "StorageBackend",
    "StorageError",
    "Unavailable",
    "load",
]
