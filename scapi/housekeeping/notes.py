"""Notes that commands store in the database between runs: the id of this database, the progress of a check."""

import uuid
from typing import Any

from sqlalchemy import JSON, String, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, db

DATABASE_ID = "database id"


class Note(Base):
    """A value and its name."""

    __tablename__ = "notes"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


def read(name: str) -> Any:
    """Return the value of a note; None if there is none."""
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
    """Return the unique id of this database; None if it has none yet."""
    known: str | None = read(DATABASE_ID)
    return known


def database_id() -> str:
    """Return the unique id of this database, which copies and restored backups keep; create it if needed."""
    if known_database_id() is None:
        try:
            write(DATABASE_ID, uuid.uuid4().hex)
        except IntegrityError:  # another command was first
            db.session.rollback()
    return str(known_database_id())
