"""The storage backend that the settings name, checked and measured."""

from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, current_app
from prometheus_client import Histogram
from werkzeug.local import LocalProxy

from scapi import metrics
from scapi.settings import ConfigurationError, NotReady, Settings
from storage_backends import CheckedBackend, StorageBackend, StorageError, Unavailable, load
from storage_backends.checked import OK, OPERATIONS, Observe


def set_up(app: Flask, settings: Settings) -> None:
    """Load the backend that `SCAPI_STORAGE` names and check that it works. Raises ConfigurationError and NotReady."""
    try:
        backend = CheckedBackend(load(settings.storage).from_settings(settings.by_name()), observer(settings.storage))
        backend.check()
    except StorageError as error:
        kind = NotReady if isinstance(error, Unavailable) else ConfigurationError
        raise kind(f"SCAPI_STORAGE={settings.storage}: {error}") from error
    app.extensions["scapi.storage"] = backend


def observer(name: str) -> Observe:
    """Return what counts and times the calls of the backend known as `name` in the metrics."""
    # to find a histogram takes longer than to fill it, and nearly all calls end well
    well_done = {operation: metrics.STORAGE_SECONDS.labels(name, operation, OK) for operation in OPERATIONS}
    return partial(_observe, name, well_done)


def _observe(name: str, well_done: dict[str, Histogram], operation: str, outcome: str, seconds: float) -> None:
    found = well_done[operation] if outcome == OK else metrics.STORAGE_SECONDS.labels(name, operation, outcome)
    found.observe(seconds)


if TYPE_CHECKING:
    storage: StorageBackend
else:
    storage = LocalProxy(lambda: current_app.extensions["scapi.storage"])
