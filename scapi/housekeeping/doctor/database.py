"""The database: its schema, its permissions, its clock, and the records of the jobs."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from scapi import storage
from scapi.database import db, now
from scapi.housekeeping.database import pending
from scapi.housekeeping.sweeps import Sweep
from scapi.media import places
from scapi.settings import settings
from storage_backends import Diagnosis

MOST_SKEW = timedelta(seconds=30)
SWEEP_AGE = timedelta(hours=1)
"""Four times the pause between sweeps."""


def look() -> Iterator[Diagnosis]:
    """Yield the findings."""
    waiting = pending()
    if waiting:
        yield Diagnosis(
            "schema",
            f"{len(waiting)} migrations have not run, the first is {waiting[0]}",
            "this version needs their tables and columns",
            "scapi database upgrade",
        )
        return
    yield Diagnosis("schema", "up to date")
    yield _rights()
    yield _clock()
    yield _sweeper()
    yield _storages()


def _rights() -> Diagnosis:
    name = f"scapi_doctor_{secrets.token_hex(4)}"
    try:
        with db.engine.connect() as connection:
            connection.execute(text(f"CREATE TABLE {name} (id INTEGER)"))
            connection.rollback()
    except DBAPIError as error:
        return Diagnosis(
            "database rights",
            f"no table can be created: {error.orig}",
            "migrations create tables",
            "as the database's owner: GRANT CREATE ON SCHEMA public TO scapi",
        )
    return Diagnosis("database rights", "tables can be created")


def _clock() -> Diagnosis:
    if db.engine.dialect.name == "sqlite":
        return Diagnosis("database clock", "it is this machine's")
    here = now()
    there: datetime = db.session.execute(select(func.clock_timestamp())).scalar_one()
    db.session.rollback()
    skew = abs(there.astimezone(UTC) - here)
    if skew <= MOST_SKEW:
        return Diagnosis("database clock", f"{skew.total_seconds():.1f} s from this machine's")
    return Diagnosis(
        "database clock",
        f"{skew.total_seconds():.0f} s from this machine's",
        "these clocks decide when uploads expire and which files are old enough to be orphans",
        "timedatectl set-ntp true    # on both machines",
    )


def _sweeper() -> Diagnosis:
    last = db.session.scalar(select(func.max(Sweep.last_at)))
    db.session.rollback()
    mend = "systemctl enable --now scapi-housekeeping    # or by cron: scapi housekeeping --once"
    why = "expired uploads and deleted files stay on disk until the sweeper runs"
    if last is None:
        return Diagnosis("sweeper", "it has never run", why, mend)
    age = now() - last
    if age > SWEEP_AGE:
        return Diagnosis("sweeper", f"it last ran {age.total_seconds() / 3600:.1f} hours ago", why, mend)
    return Diagnosis("sweeper", f"it ran {age.total_seconds() / 60:.0f} minutes ago")


def _storages() -> Diagnosis:
    named = places.named() - {settings.storage}
    if named:
        return Diagnosis(
            "files",
            f"some are in {', '.join(sorted(named))}, new ones go to {settings.storage}",
            "a move is not finished",
            f"scapi storage copy --to {settings.storage}",
        )
    if len(storage.names()) > 1:
        return Diagnosis(
            "files",
            f"all are in {settings.storage}",
            "every deletion still checks the old storage",
            "remove SCAPI_STORAGE_BEFORE from the settings, unless a move is about to begin",
        )
    return Diagnosis("files", f"all are in {settings.storage}")
