"""The errors of storage: a caller gets one of these for any exception of a backend's libraries."""


class StorageError(Exception):
    """The storage failed, and trying again will not help. The text is for the log, not for clients."""


class NotFound(StorageError):
    """There is no such object, or the unfinished upload is gone."""


class NoSpace(StorageError):
    """The disk or the quota is full. Nothing official has changed; the same call may succeed later."""


class Unavailable(StorageError):
    """The storage cannot be reached or written now. Nothing official has changed; try again later."""


class Misconfigured(StorageError):
    """The settings name a storage that cannot work. The text tells the operator what is wrong and what was expected."""
