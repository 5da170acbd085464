"""`scapi database`: the schema."""

import click
import flask_migrate
from flask.cli import AppGroup

from scapi.database import db, schema

database = AppGroup("database", help="The schema.")


@database.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Only show the migrations that would run.")
def upgrade(dry_run: bool) -> None:
    """Bring the schema to this version's, as is needed once before a new version starts."""
    with db.engine.connect() as connection:
        waiting = schema.waiting(connection)
    for script in waiting if dry_run else ():
        click.echo(f"would run {script.revision} {script.doc}")
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
