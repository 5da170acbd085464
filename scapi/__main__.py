"""The console script `scapi`, also `python -m scapi`."""

import os
import sys
from pathlib import Path

from environs import EnvError
from flask import Flask
from flask.cli import ScriptInfo

from scapi import create_app
from scapi.cli import cli
from scapi.settings import ConfigurationError, NotReady


def main() -> None:
    """Run the command of `sys.argv`. An application is made where a command asks for one."""
    cli(obj=ScriptInfo(create_app=_application), prog_name="scapi")


def _application() -> Flask:
    sys.path.insert(0, str(Path.cwd()))  # where config.py lies, as for gunicorn
    try:
        from config import Config

        return create_app(Config)
    except (ConfigurationError, EnvError) as error:
        sys.stderr.write(f"scapi cannot start: {error}\n")
        sys.exit(os.EX_TEMPFAIL if isinstance(error, NotReady) else os.EX_CONFIG)


if __name__ == "__main__":
    main()
