"""The settings: what an operator can choose. Everything else reads `settings.max_chunk_bytes` and the like."""

from typing import TYPE_CHECKING

from flask import current_app
from werkzeug.local import LocalProxy

from scapi.settings.definitions import Settings, definitions
from scapi.settings.field import MiB, environment_name
from scapi.settings.reading import ConfigurationError, NotReady, read_settings

__all__ = [
    "ConfigurationError",
    "MiB",
    "NotReady",
    "Settings",
    "definitions",
    "environment_name",
    "read_settings",
    "settings",
]

if TYPE_CHECKING:
    settings: Settings
else:
    settings = LocalProxy(current_app._get_current_object, "settings")
