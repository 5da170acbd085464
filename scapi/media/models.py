"""The tables of media, of their files, and of files that still have to be deleted."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scapi.database import BigId, UtcDateTime, now
from scapi.extensions import db


class MediaType(StrEnum):
    """What a media is."""

    IMAGE = "image"
    EDITOR_IMAGE = "editor_image"
    DOCUMENT = "document"


class Role(StrEnum):
    """What a file is to its media."""

    FILE = "file"
    """What was uploaded, as it is served."""

    PREVIEW = "preview"
    """The first page of a document, as an image."""

    THUMBNAIL = "thumbnail"


class Media(db.Model):
    """An image or a document that a page can show."""

    __tablename__ = "media"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    hash_code: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=uuid.uuid4)
    upload_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The upload that it was made from, of which there can be no second media."""
    creator_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    type: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    pages: Mapped[int | None]
    color: Mapped[str | None] = mapped_column(String(7))
    files: Mapped[list["MediaFile"]] = relationship(
        back_populates="media", cascade="all, delete-orphan", lazy="selectin", order_by="MediaFile.id"
    )

    def file(self, role: Role) -> "MediaFile | None":
        """Return the media's file of that role, if it has one."""
        return next((file for file in self.files if file.role == role), None)


class MediaFile(db.Model):
    """A file in storage that belongs to a media and is served under its name."""

    __tablename__ = "media_files"
    __table_args__ = (UniqueConstraint("media_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    media_id: Mapped[int] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    """The last segment of its URL."""
    title: Mapped[str] = mapped_column(String(255))
    """The name under which a browser saves it."""
    key: Mapped[str] = mapped_column(String(64))
    mimetype: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    media: Mapped[Media] = relationship(back_populates="files")


class StaleFile(db.Model):
    """A file in storage that no row names any more and that still has to be deleted."""

    __tablename__ = "stale_files"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
