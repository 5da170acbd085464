"""The storages by name, checked and measured: the one for new files, and those that rows name."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, current_app
from prometheus_client import Histogram
from werkzeug.local import LocalProxy

from scapi import metrics
from scapi.settings import ConfigurationError, NotReady, Settings, settings
from storage_backends import CheckedBackend, StorageBackend, StorageError, Unavailable, load
from storage_backends.checked import OK, OPERATIONS, Observe

_chosen: ContextVar[str] = ContextVar("storage", default="")


def set_up(app: Flask, chosen: Settings) -> None:
    """Load the backends that `SCAPI_STORAGE` and `SCAPI_STORAGE_BEFORE` name and check that they work.

    Raises ConfigurationError and NotReady.
    """
    made: dict[str, StorageBackend] = {}
    for setting, name in (("SCAPI_STORAGE", chosen.storage), ("SCAPI_STORAGE_BEFORE", chosen.storage_before)):
        if name and name not in made:
            try:
                made[name] = _make(name, chosen)
                made[name].check()
            except StorageError as error:
                kind = NotReady if isinstance(error, Unavailable) else ConfigurationError
                raise kind(f"{setting}={name}: {error}") from error
    app.extensions["scapi.storages"] = made


def of(name: str) -> StorageBackend:
    """Return the storage that a row names. Raises StorageError if the settings do not describe it."""
    made: dict[str, StorageBackend] = current_app.extensions["scapi.storages"]
    if name not in made:  # the settings of another host name it
        made[name] = _make(name, settings)
    return made[name]


@contextmanager
def using(name: str) -> Iterator[StorageBackend]:
    """Use the storage that a row names within this context: an upload ends in the storage where it began."""
    token = _chosen.set(name)
    try:
        yield of(name)
    finally:
        _chosen.reset(token)


def name_in_use() -> str:
    """Return the name of the current storage: that of `using`, or else that of `SCAPI_STORAGE`."""
    return _chosen.get() or settings.storage


def names() -> list[str]:
    """Return the names of the storages that may have files: those of the settings, and the current one."""
    return list(dict.fromkeys(filter(None, (name_in_use(), settings.storage, settings.storage_before))))


def observer(name: str) -> Observe:
    """Return the function that counts and times the calls of the backend `name` in the metrics."""
    # finding a histogram takes longer than filling it, and nearly all calls succeed
    well_done = {operation: metrics.STORAGE_SECONDS.labels(name, operation, OK) for operation in OPERATIONS}
    return partial(_observe, name, well_done)


def _observe(name: str, well_done: dict[str, Histogram], operation: str, outcome: str, seconds: float) -> None:
    found = well_done[operation] if outcome == OK else metrics.STORAGE_SECONDS.labels(name, operation, outcome)
    found.observe(seconds)


def _make(name: str, chosen: Settings) -> StorageBackend:
    return CheckedBackend(load(name).from_settings(chosen.by_name()), observer(name))


if TYPE_CHECKING:
    storage: StorageBackend
else:
    storage = LocalProxy(lambda: of(name_in_use()))
