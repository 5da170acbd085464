"""The command `scapi`: all that an operator types. The rooms make the commands; this is where they come together."""

import click
from flask_smorest.spec import openapi_cli as openapi

from scapi.events.commands import webhooks
from scapi.housekeeping.commands import housekeeping
from scapi.housekeeping.database import database
from scapi.housekeeping.sweep import sweep
from scapi.http.commands import token
from scapi.media.commands import media
from scapi.media.links.commands import previews

COMMANDS: list[click.Command] = [database, housekeeping, media, openapi, previews, sweep, token, webhooks]

EXIT_CODES = """\b
Exit codes:
  0   done
  1   something failed, or a check found something: the output says what
  2   the command line is not right
  75  the database or the storage cannot be reached now: try again
  78  a setting cannot work
"""

cli = click.Group("scapi", commands=COMMANDS, epilog=EXIT_CODES)
cli.help = """Run and look after scapi.

Settings come from the environment (SCAPI_*), as they do for the service. Run it in the folder of config.py.
"""
