"""Finds a backend by its name in the entry points of the installed packages."""

from importlib.metadata import entry_points

from storage_backends.base import Misconfigured, StorageBackend

ENTRY_POINT_GROUP = "scapi.storage_backends"


def load(name: str) -> type[StorageBackend]:
    """Return the backend class registered as `name` in the entry point group `scapi.storage_backends`.

    Raises Misconfigured, which lists the installed names, if it is unknown, cannot be loaded or is not a backend.
    """
    installed = {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINT_GROUP)}
    there = ", ".join(sorted(installed)) or "none"
    if name not in installed:
        raise Misconfigured(f"there is no storage backend {name!r}; installed are: {there}")
    try:
        backend = installed[name].load()
    except Exception as error:  # a plug-in's module may raise anything on import
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
