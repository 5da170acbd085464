"""The table of uploads."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, UtcDateTime
from scapi.storage import name_in_use


class Status(StrEnum):
    """The status of an upload. Only uploading ones can change."""

    UPLOADING = "uploading"
    COMPLETED = "completed"
    ABORTED = "aborted"
    EXPIRED = "expired"
    REFUSED = "refused"
    """Its file was refused by a check or by the inspection."""


class Upload(Base):
    """An upload: `offset` is the number of safely stored bytes, in order, and `md5` is the state of their hash."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index("ix_uploads_status_expires_at", "status", "expires_at"),
        Index("ix_uploads_storage_status", "storage", "status"),
        # Indexes for counting caps; uploads without a user, or without an address, are not in them.
        *(
            Index(f"ix_uploads_{owner}_status", owner, "status", sqlite_where=there, postgresql_where=there)
            for owner, there in (("user_id", text("user_id IS NOT NULL")), ("address", text("address IS NOT NULL")))
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """A keyed hash of the client's address, only if the settings cap uploads by address."""
    filename: Mapped[str] = mapped_column(String(255))
    mimetype: Mapped[str] = mapped_column(String(32))
    total: Mapped[int | None] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
    md5: Mapped[bytes] = mapped_column(LargeBinary(92))
    last_start: Mapped[int] = mapped_column(BigInteger)
    """The start of the last stored chunk; `md5_before` is the hash up to there. They identify a repeated chunk."""
    md5_before: Mapped[bytes] = mapped_column(LargeBinary(92))
    md5_durable: Mapped[bytes | None] = mapped_column(LargeBinary(92))
    """The hash of the bytes that survive a power cut: all, or those up to the last durable state of the storage."""
    storage: Mapped[str] = mapped_column(String(32), default=name_in_use)
    """The name of the storage in which it began, and will end."""
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The state of the storage backend."""
    writer: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Grows with every change, and when a newer request takes over: a request that knows a smaller number may not
    write.
    """
    status: Mapped[str] = mapped_column(String(16))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when a request has claimed it for completion, while others wait; the claim may end earlier."""
    crashes: Mapped[int] = mapped_column(default=0, server_default="0")
    """The number of crashes while its file was inspected."""
    refusal_code: Mapped[str | None] = mapped_column(String(40))
    refusal_message: Mapped[str | None] = mapped_column(Text)
    """Why it was refused; None if an earlier version of scapi refused it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
