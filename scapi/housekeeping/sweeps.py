"""The results of the sweeper, stored in the database, because the sweeper may run on another host."""

from datetime import datetime

from sqlalchemy import BigInteger, String, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, UtcDateTime, db, now


class Sweep(Base):
    """All sweeps for one kind of thing: how many things were `removed` and `failed`, and the time of the last sweep."""

    __tablename__ = "sweeps"

    what: Mapped[str] = mapped_column(String(64), primary_key=True)
    removed: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


def record(what: str, removed: int, failed: int) -> None:
    """Add a sweep for `what` that ends now. Several sweepers may do so at once."""
    if _add(what, removed, failed):
        return
    db.session.add(Sweep(what=what, removed=removed, failed=failed, last_at=now()))
    try:
        db.session.commit()
    except IntegrityError:  # another sweeper has inserted the row in the meantime
        db.session.rollback()
        _add(what, removed, failed)


def _add(what: str, removed: int, failed: int) -> bool:
    counted = {Sweep.removed: Sweep.removed + removed, Sweep.failed: Sweep.failed + failed, Sweep.last_at: now()}
    known = db.session.scalar(update(Sweep).where(Sweep.what == what).values(counted).returning(Sweep.what))
    db.session.commit()
    return known is not None
