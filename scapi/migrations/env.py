"""Runs the migrations on the application's database. `scapi database upgrade` comes here."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from scapi.database import UtcDateTime, db, is_modelled, schema


def render_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Render scapi's column types as plain SQLAlchemy types: a migration must not change when scapi's code does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def run(connection: Connection) -> None:
    """Run the migrations on a database."""
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=render_type,
        include_object=is_modelled,
        transactional_ddl=True,  # on SQLite too: all migrations or none
    )
    with context.begin_transaction():
        schema.lock(connection)
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")  # a database other than the application's
if given is not None:
    run(given)
else:
    with db.engine.connect() as connection:
        run(connection)
