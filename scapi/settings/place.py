"""The settings of the folder that a process was started in."""

import os
import sys
from pathlib import Path

from scapi.settings.definitions import Settings
from scapi.settings.reading import read_settings


def settings_here() -> Settings:
    """Return the settings of the config.py in this folder; without one, those of the environment.

    Raises ConfigurationError.
    """
    if not Path("config.py").exists():
        return read_settings(os.environ)
    sys.path.insert(0, str(Path.cwd()))
    import config

    return config.load()
