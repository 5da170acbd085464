"""The errors of storage: whatever a backend's libraries raise, a caller sees one of these."""


class StorageError(Exception):
    """Storage did not do what was asked, and trying again will not help. Its text is for the log, not for clients."""


class NotFound(StorageError):
    """There is no such object, or the unfinished upload is gone."""


class NoSpace(StorageError):
    """The disk or the quota is full. Nothing official was changed; the same call may succeed later."""


class Unavailable(StorageError):
    """Storage cannot be reached, or cannot be written, for now. Nothing official was changed; try again later."""


class Misconfigured(StorageError):
    """The settings name a storage that cannot work: what is wrong and what was expected, for the operator."""
