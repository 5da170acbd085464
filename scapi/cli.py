"""The command `scapi`: all that an operator types. The rooms make the commands; this is where they come together."""

import os
from typing import Any

import click
from flask_smorest.spec import openapi_cli as openapi
from sqlalchemy.exc import OperationalError

from scapi.events.commands import webhooks
from scapi.housekeeping.check.commands import check
from scapi.housekeeping.commands import housekeeping
from scapi.housekeeping.database import database
from scapi.housekeeping.doctor.commands import doctor
from scapi.housekeeping.serve import serve
from scapi.housekeeping.storage import storage
from scapi.housekeeping.sweep import sweep
from scapi.http.commands import token
from scapi.media.commands import media
from scapi.media.links.commands import previews
from scapi.media.renditions.commands import renditions
from scapi.media.thumbnail_commands import thumbnails
from scapi.media.user_commands import users
from storage_backends import Unavailable

COMMANDS: list[click.Command] = [
    check,
    database,
    doctor,
    housekeeping,
    media,
    openapi,
    previews,
    renditions,
    serve,
    storage,
    sweep,
    thumbnails,
    token,
    users,
    webhooks,
]

EXIT_CODES = """\b
Exit codes:
  0   done
  1   something failed, or a check found something: the output says what
  2   the command line is not right
  75  the database or the storage cannot be reached now: try again
  78  a setting cannot work
"""


class Commands(click.Group):
    """The group of all commands, which says what is away instead of showing where in the code that was found out."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Unavailable, OperationalError) as error:
            click.echo(f"stopped, may be run again: {error}", err=True)
            ctx.exit(os.EX_TEMPFAIL)


cli = Commands("scapi", commands=COMMANDS, epilog=EXIT_CODES)
cli.help = """Run and look after scapi.

Settings come from the environment (SCAPI_*), as they do for the service. Run it in the folder of config.py.
"""
