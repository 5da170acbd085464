"""The table of uploads."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, UtcDateTime


class Status(StrEnum):
    """What has become of an upload. Only an uploading one can change."""

    UPLOADING = "uploading"
    COMPLETED = "completed"
    ABORTED = "aborted"
    EXPIRED = "expired"


class Upload(Base):
    """An upload: `offset` says how many bytes are safely stored, in order, and `md5` what they were."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_status_expires_at", "status", "expires_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    filename: Mapped[str] = mapped_column(String(255))
    mimetype: Mapped[str] = mapped_column(String(32))
    total: Mapped[int | None] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
    md5: Mapped[bytes] = mapped_column(LargeBinary(92))
    last_start: Mapped[int] = mapped_column(BigInteger)
    """Where the chunk that was stored last began, and in `md5_before` the hash up to there: how a repeat is known."""
    md5_before: Mapped[bytes] = mapped_column(LargeBinary(92))
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the storage backend must remember."""
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
