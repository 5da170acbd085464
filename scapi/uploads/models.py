"""The table of uploads."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, UtcDateTime
from scapi.storage import name_in_use


class Status(StrEnum):
    """What has become of an upload. Only an uploading one can change."""

    UPLOADING = "uploading"
    COMPLETED = "completed"
    ABORTED = "aborted"
    EXPIRED = "expired"
    REFUSED = "refused"
    """Its file was refused: by a check, or by what it was found to be."""


class Upload(Base):
    """An upload: `offset` says how many bytes are safely stored, in order, and `md5` what they were."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index("ix_uploads_status_expires_at", "status", "expires_at"),
        Index("ix_uploads_storage_status", "storage", "status"),
        # What caps count; uploads without a user, and without an address, cost nothing there.
        *(
            Index(f"ix_uploads_{owner}_status", owner, "status", sqlite_where=there, postgresql_where=there)
            for owner, there in (("user_id", text("user_id IS NOT NULL")), ("address", text("address IS NOT NULL")))
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """A keyed hash of where it came from, only where the settings cap uploads by address."""
    filename: Mapped[str] = mapped_column(String(255))
    mimetype: Mapped[str] = mapped_column(String(32))
    total: Mapped[int | None] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
    md5: Mapped[bytes] = mapped_column(LargeBinary(92))
    last_start: Mapped[int] = mapped_column(BigInteger)
    """Where the chunk that was stored last began, and in `md5_before` the hash up to there: how a repeat is known."""
    md5_before: Mapped[bytes] = mapped_column(LargeBinary(92))
    md5_durable: Mapped[bytes | None] = mapped_column(LargeBinary(92))
    """The hash of the bytes that survive a power cut: all, or those up to where the storage was durable last."""
    storage: Mapped[str] = mapped_column(String(32), default=name_in_use)
    """The name of the storage that it began in, and ends in."""
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the storage backend must remember."""
    writer: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Counts up with every change, and whenever a newer request takes over: who saw a smaller number may not write."""
    status: Mapped[str] = mapped_column(String(16))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when one request completes it and others wait; the request may end before that, or die."""
    crashes: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often inspecting its file ended in a crash."""
    refusal_code: Mapped[str | None] = mapped_column(String(40))
    refusal_message: Mapped[str | None] = mapped_column(Text)
    """Why it was refused; None in rows that an earlier version of scapi refused."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
