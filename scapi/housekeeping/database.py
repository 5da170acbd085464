"""`scapi database`: the schema."""

import click
import flask_migrate
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import AppGroup

from scapi.database import db

database = AppGroup("database", help="The schema.")


@database.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Only show the migrations that would run.")
def upgrade(dry_run: bool) -> None:
    """Bring the schema to this version's, as is needed once before a new version starts."""
    waiting = pending()
    for revision in waiting if dry_run else ():
        click.echo(f"would run {revision}")
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


def pending() -> list[str]:
    """Return the migrations that this database has not run, the oldest first, each as `<number> <title>`."""
    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    with db.engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_heads()
    waiting = scripts.iterate_revisions("heads", here or "base")
    return [f"{script.revision} {script.doc}" for script in reversed(list(waiting))]
