"""Runs scapi under gunicorn. gunicorn.conf.py has the numbers.

gunicorn's master process imports this package, and must import no other package of scapi: each worker loads the
application itself, so that a reload also loads new code.
"""

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

TRY_AGAIN = 1
"""The exit code of a worker that could not start; gunicorn goes on with the others."""

APP_LOAD_ERROR = 4
"""The exit code on which gunicorn stops instead of starting the worker again."""


def application() -> "Flask":
    """Return the application with the settings of this folder. Settings that cannot work end the process."""
    gc.disable()  # what is loaded stays: looking for garbage in it is a tenth of the work of a start
    from scapi import create_app
    from scapi.settings import ConfigurationError, NotReady
    from scapi.settings.place import settings_here

    try:
        return create_app(settings_here())
    except ConfigurationError as error:
        sys.stderr.write(f"scapi cannot start: {error}\n")
        sys.exit(TRY_AGAIN if isinstance(error, NotReady) else APP_LOAD_ERROR)
    finally:
        gc.freeze()  # later collections leave it out
        gc.enable()
