"""The storage backend that the settings name."""

from typing import TYPE_CHECKING

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from scapi.measured import MeasuredBackend
from scapi.settings import ConfigurationError, NotReady, Settings
from storage_backends import StorageBackend, StorageError, Unavailable


def set_up(app: Flask, settings: Settings) -> None:
    """Load the backend that `SCAPI_STORAGE` names and check that it works. Raises ConfigurationError and NotReady."""
    try:
        backend = MeasuredBackend.from_settings(settings.by_name())
        backend.check()
    except StorageError as error:
        kind = NotReady if isinstance(error, Unavailable) else ConfigurationError
        raise kind(f"SCAPI_STORAGE={settings.storage}: {error}") from error
    app.extensions["scapi.storage"] = backend


if TYPE_CHECKING:
    storage: StorageBackend
else:
    storage = LocalProxy(lambda: current_app.extensions["scapi.storage"])
