"""The command `scapi` for operators: collects the commands of all packages."""

from typing import Any, NoReturn

import click
from flask.cli import ScriptInfo
from flask_smorest.spec import openapi_cli as openapi
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from scapi.database import readiness
from scapi.database.failures import Failure, failure_of
from scapi.database.readiness import SchemaOutdated
from scapi.events.commands import webhooks
from scapi.exits import MEANINGS, Exit
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
from storage_backends import Misconfigured, NoSpace, StorageError, Unavailable

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

EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code:<3} {meaning}" for code, meaning in MEANINGS.items())


class Commands(click.Group):
    """The group of all commands. If the database or storage is away, it prints a message instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StorageError as error:
            _stop(ctx, _of_storage(error), str(error))
        except SQLAlchemyError as error:
            _stop(ctx, *_of_database(error, ctx))


def _stop(ctx: click.Context, code: Exit, said: str) -> NoReturn:
    click.echo(f"stopped, may be run again: {said}" if code == Exit.AWAY else f"stopped: {said}", err=True)
    ctx.exit(code)


def _of_storage(error: StorageError) -> Exit:
    if isinstance(error, Unavailable | NoSpace):
        return Exit.AWAY
    return Exit.CONFIGURATION if isinstance(error, Misconfigured) else Exit.FAILED


def _of_database(error: SQLAlchemyError, ctx: click.Context) -> tuple[Exit, str]:
    """Return the exit code and what to say. Raises the error if it is a bug of ours."""
    if isinstance(error, SchemaOutdated):
        return Exit.CONFIGURATION, str(error)
    if failure_of(error) is not Failure.BUG:
        return Exit.AWAY, str(error.orig if isinstance(error, DBAPIError) else error).strip()
    try:  # a table or a column that is missing is no bug where a migration is
        readiness.check_schema(ctx.ensure_object(ScriptInfo).load_app())
    except SchemaOutdated as outdated:
        return Exit.CONFIGURATION, str(outdated)
    raise error


cli = Commands("scapi", commands=COMMANDS, epilog=EXIT_CODES)
cli.help = """Run and look after scapi.

Settings come from the environment (SCAPI_*), as they do for the service. Run it in the folder of config.py.
"""
