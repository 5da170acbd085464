"""The table of the outbox: the webhooks to deliver, written in the same transaction as the change they report."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, BigId, UtcDateTime, now


class DeliveryStatus(StrEnum):
    """The status of a delivery. Only pending deliveries are tried."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Base):
    """One event for one URL."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_status_due_at", "status", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(40))
    """The same for all URLs and all attempts, so that receivers recognise a repeated event."""
    type: Mapped[str] = mapped_column(String(32))
    url: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    """The exact bytes that are sent and signed."""
    status: Mapped[str] = mapped_column(String(16), default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """Pending: the next attempt; whoever claims the row postpones it first. Otherwise: when it ended."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why the last attempt failed."""
