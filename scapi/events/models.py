"""The table of the outbox: the webhooks to deliver, written in the same transaction as the change they report."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, BigId, UtcDateTime, now


class DeliveryStatus(StrEnum):
    """What has become of a delivery. Only a pending one is tried."""

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
    """The same for all URLs and all attempts: what receivers know a repeat by."""
    type: Mapped[str] = mapped_column(String(32))
    url: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    """What is sent, byte for byte: the signature is over it."""
    status: Mapped[str] = mapped_column(String(16), default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When a pending one is tried next, which whoever tries it moves ahead first; when another one has ended."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why the last attempt failed."""
