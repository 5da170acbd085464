"""The console script `scapi`, also `python -m scapi`."""

import logging
import sys

from flask import Flask
from flask.cli import ScriptInfo

from scapi import create_app
from scapi.cli import cli
from scapi.exits import Exit
from scapi.logs import audit
from scapi.settings import ConfigurationError, NotReady
from scapi.settings.place import settings_here


def main() -> None:
    """Run the command of `sys.argv`. An application is created only if the command needs one."""
    audit.addHandler(logging.StreamHandler())  # deletions by a command are logged to stderr, which the journal keeps
    cli(obj=ScriptInfo(create_app=_application), prog_name="scapi")


def _application() -> Flask:
    try:
        return create_app(settings_here())
    except ConfigurationError as error:
        sys.stderr.write(f"scapi cannot start: {error}\n")
        sys.exit(Exit.AWAY if isinstance(error, NotReady) else Exit.CONFIGURATION)


if __name__ == "__main__":
    main()
