"""The console script `scapi`, also `python -m scapi`."""

import os
import sys
from pathlib import Path

from flask import Flask
from flask.cli import ScriptInfo

from scapi import create_app
from scapi.cli import cli
from scapi.settings import ConfigurationError, NotReady, Settings, read_settings


def main() -> None:
    """Run the command of `sys.argv`. An application is made where a command asks for one."""
    cli(obj=ScriptInfo(create_app=_application), prog_name="scapi")


def _application() -> Flask:
    try:
        return create_app(_settings())
    except ConfigurationError as error:
        sys.stderr.write(f"scapi cannot start: {error}\n")
        sys.exit(os.EX_TEMPFAIL if isinstance(error, NotReady) else os.EX_CONFIG)


def _settings() -> Settings:
    """Return the settings of the config.py in this folder, as gunicorn does; without one, the environment's."""
    if not Path("config.py").exists():
        return read_settings(os.environ)
    sys.path.insert(0, str(Path.cwd()))
    import config

    return config.load()


if __name__ == "__main__":
    main()
