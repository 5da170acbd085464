"""Checks that the database can be reached and written, and has the schema of this version."""

import logging
import os
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from scapi.database import schema
from scapi.database.failures import DatabaseAway

log = logging.getLogger(__name__)


class SchemaOutdated(DatabaseAway):
    """The database has not run all migrations of this version."""


def ask(engine: Engine) -> None:
    """Return if the database is ready. Raises SchemaOutdated and other errors of SQLAlchemy."""
    with engine.connect() as connection:
        if not _can_write(connection):
            connection.invalidate()
            engine.dispose()  # after a failover, new connections lead to the new primary
            raise DatabaseAway("the database is read-only")
        _require_schema(connection)


def _can_write(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        file = connection.engine.url.database
        return not file or os.access(file, os.W_OK)
    return bool(connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "off")


def check_schema(app: Flask) -> None:
    """Raise SchemaOutdated if this version cannot work with the schema. If the database is away, check later."""
    with app.app_context():
        try:
            with app.extensions["sqlalchemy"].engine.connect() as connection:
                _require_schema(connection)
        except SchemaOutdated:
            raise
        except SQLAlchemyError as error:
            log.warning("the schema was not checked: %s", error)


def _require_schema(connection: Connection) -> None:
    if missing := schema.waiting(connection):
        raise outdated(missing)


def outdated(missing: Sequence[Any]) -> SchemaOutdated:
    """Return the error that says how many migrations are missing, and what runs them."""
    return SchemaOutdated(f"the database lacks {len(missing)} migrations of this version; run: {schema.UPGRADE}")
