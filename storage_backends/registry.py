"""How a backend is found by its name: in the entry points of what is installed."""

from importlib.metadata import entry_points

from storage_backends.base import Misconfigured, StorageBackend

ENTRY_POINT_GROUP = "scapi.storage_backends"


def load(name: str) -> type[StorageBackend]:
    """Return the backend class registered as `name` in the entry point group `scapi.storage_backends`.

    Raises Misconfigured, with the names that are there, for one that is unknown, does not load or is no backend.
    """
    installed = {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINT_GROUP)}
    there = ", ".join(sorted(installed)) or "none"
    if name not in installed:
        raise Misconfigured(f"there is no storage backend {name!r}; installed are: {there}")
    try:
        backend = installed[name].load()
    except Exception as error:  # whatever a stranger's module raises while it is imported
        raise Misconfigured(
            f"the storage backend {name!r} ({installed[name].value}) does not load: "
            f"{type(error).__name__}: {error}; installed are: {there}"
        ) from error
    if not (isinstance(backend, type) and issubclass(backend, StorageBackend)):
        raise Misconfigured(
            f"the storage backend {name!r} ({installed[name].value}) is not a subclass of StorageBackend; "
            f"installed are: {there}"
        )
    return backend
