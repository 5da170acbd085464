"""What gunicorn runs: `gunicorn wsgi:app`."""

import sys

import config
from scapi import create_app
from scapi.settings import ConfigurationError, NotReady

APP_LOAD_ERROR = 4
"""The exit code on which gunicorn stops instead of starting the worker again."""

TRY_AGAIN = 1
"""One on which it starts the worker again, and lets the others serve."""

try:
    app = create_app(config.load())
except ConfigurationError as error:
    sys.stderr.write(f"scapi cannot start: {error}\n")
    sys.exit(TRY_AGAIN if isinstance(error, NotReady) else APP_LOAD_ERROR)
