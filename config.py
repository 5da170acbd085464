"""What an operator edits. Every setting comes from the environment, `SCAPI_<NAME>`, or is fixed here.

docs/settings.md lists all of them; scapi/settings/ is where they are defined.
"""

import os
from collections.abc import Mapping
from typing import Any

from scapi.settings import Settings, read_settings

FIXED: Mapping[str, Any] = {}
"""Settings that do not depend on the environment, such as {"SCAPI_MAX_IMAGE_BYTES": 10 * 1024 * 1024}."""


def load() -> Settings:
    """Return the settings: those of the environment, overridden by FIXED. Raises ConfigurationError."""
    return read_settings({**os.environ, **FIXED})
