"""What commands remember between their runs, in the database: which database this is, how far a check has come."""

import uuid
from typing import Any

from sqlalchemy import JSON, String, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, db

DATABASE_ID = "database id"


class Note(Base):
    """A value by its name."""

    __tablename__ = "notes"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


def read(name: str) -> Any:
    """Return the value of a note, None if there is none."""
    note = db.session.get(Note, name, populate_existing=True)
    return None if note is None else note.value


def write(name: str, value: Any) -> None:
    """Set a note."""
    db.session.merge(Note(name=name, value=value))
    db.session.commit()


def forget(name: str) -> None:
    """Remove a note, if it is there."""
    db.session.execute(delete(Note).where(Note.name == name))
    db.session.commit()


def known_database_id() -> str | None:
    """Return what tells this database from all others, None if nobody has needed it yet."""
    known: str | None = read(DATABASE_ID)
    return known


def database_id() -> str:
    """Return what tells this database from all others, also when it has been copied or restored; make it if need be."""
    if known_database_id() is None:
        try:
            write(DATABASE_ID, uuid.uuid4().hex)
        except IntegrityError:  # another command was first
            db.session.rollback()
    return str(known_database_id())
