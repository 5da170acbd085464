"""`scapi database`: the schema, and the move to another database."""

import json

import click
import flask_migrate
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from scapi.database import db, schema
from scapi.housekeeping import moving
from scapi.housekeeping.progress import progress

database = AppGroup("database", help="The schema, and the move to another database.")


@database.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Only show the migrations that would run.")
def upgrade(dry_run: bool) -> None:
    """Bring the schema to this version's, as is needed once before a new version starts."""
    waiting = pending()
    for migration in waiting if dry_run else ():
        click.echo(f"would run {migration}")
    if not waiting:
        click.echo("the schema is up to date")
    elif not dry_run:
        flask_migrate.upgrade()


@database.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the schema back to REVISION. For developers: columns go with what is in them."""
    flask_migrate.downgrade(revision=revision)


@database.command("revision")
@click.option("--message", "-m", required=True, help="What changes.")
def make_revision(message: str) -> None:
    """Write a migration from what has changed in the models. For developers, who then read it."""
    flask_migrate.migrate(message=message)


@database.command("copy")
@click.option("--to", "url", required=True, metavar="URL", help="As SCAPI_DATABASE_URL would have it.")
@click.option("--dry-run", is_flag=True, help="Only count the rows that would be copied.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def copy(url: str, dry_run: bool, as_json: bool) -> None:
    """Copy all rows into an empty database, SQLite to PostgreSQL or back, and verify that all are there.

    It has the rows of one moment, which makes a backup. For a move, nothing may be written meanwhile: set
    SCAPI_READ_ONLY=true for the service, or stop it. A copy that is killed leaves no rows behind and may be run again.
    """
    waiting = pending()
    if waiting:
        raise click.ClickException("the schema is older than this version; run `scapi database upgrade` first")
    rows = moving.total()
    if dry_run:
        click.echo(json.dumps({"rows": rows}) if as_json else f"would copy {rows} rows")
        return
    try:
        with progress("rows", rows) as done:
            copied = moving.copy(url, done)
    except (moving.NotCopied, SQLAlchemyError) as error:
        raise click.ClickException(f"nothing was copied: {error}") from error
    counted = f"copied {sum(copied.rows.values())} rows of {len(copied.rows)} tables, verified"
    click.echo(json.dumps(copied.rows) if as_json else counted)
    if not copied.is_current:
        click.echo("rows were written meanwhile, and are not in the copy: good for a backup, not for a move", err=True)


def pending() -> list[str]:
    """Return the migrations that this database has not run, the oldest first, each as `<number> <title>`."""
    with db.engine.connect() as connection:
        return [f"{script.revision} {script.doc}" for script in schema.waiting(connection)]
