"""The tables of media, of what they embed, of their files, and of files that still have to be deleted."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, Uuid, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scapi.database import Base, BigId, UtcDateTime, now
from scapi.storage import name_in_use


class MediaType(StrEnum):
    """What a media is."""

    IMAGE = "image"
    EDITOR_IMAGE = "editor_image"
    DOCUMENT = "document"
    URL = "url"
    VIMEO = "vimeo"
    EMBED = "embed"


LINKS = (MediaType.URL, MediaType.VIMEO)
"""The types that are a link, with a preview of its page."""


TO_MAKE = text("renditions_due_at IS NOT NULL")

MAX_VISITOR = 48
"""Characters of what names a visitor: a hash of an address has 32, a user's id at most 19, and a word before it."""


class Role(StrEnum):
    """What a file is to its media."""

    FILE = "file"
    """What was uploaded, as it is served."""

    PREVIEW = "preview"
    """The first page of a document, as an image."""

    THUMBNAIL = "thumbnail"

    RENDITION = "rendition"
    """The picture in another size."""

    ORIGINAL = "original"
    """What was uploaded, where something else is served. It has no URL."""


class Embed(Base):
    """Something that lives elsewhere: one row per thing, shared by the media that show it."""

    __tablename__ = "embeds"
    __table_args__ = (UniqueConstraint("embed_type", "embed_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    embed_type: Mapped[str] = mapped_column(String(100))
    embed_id: Mapped[str] = mapped_column(String(255))
    url: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    """What the API calls `metadata`, a name that SQLAlchemy keeps for itself."""


class Media(Base):
    """An image, a document or a link that a page can show."""

    __tablename__ = "media"
    __table_args__ = (
        Index("ix_media_newest", "creator_id", "added_at", "id"),
        Index("ix_media_added_at_id", "added_at", "id"),
        Index("ix_media_creator_id_stored", "creator_id", "stored"),  # sums up a user's bytes by itself
        Index("ix_media_previews_due", "type", "oembed_preview_ready", "preview_due_at"),
        Index("ix_media_renditions_due_at", "renditions_due_at", sqlite_where=TO_MAKE, postgresql_where=TO_MAKE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    hash_code: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=uuid.uuid4)
    upload_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The upload that it was made from, of which there can be no second media."""
    creator_id: Mapped[int | None] = mapped_column(BigInteger)
    stored: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Bytes of its files, which count for its creator's quota."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    type: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    pages: Mapped[int | None]
    color: Mapped[str | None] = mapped_column(String(7))
    blurhash: Mapped[str | None] = mapped_column(String(28))
    rendition_plan: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The widths and types in which the picture is offered, whether they are made yet or not; plan.py reads it."""
    renditions_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when, or from when on, they wait to be made. None: there is nothing to make."""
    rendition_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was begun to make them."""
    url: Mapped[str | None] = mapped_column(Text)
    """Of a link; a file's URL is made from its name."""
    keywords: Mapped[str | None] = mapped_column(Text)
    entities: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(Text)
    image_width: Mapped[int | None]
    image_height: Mapped[int | None]
    choice_images: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    oembed_type: Mapped[str | None] = mapped_column(Text)
    oembed_url: Mapped[str | None] = mapped_column(Text)
    oembed_width: Mapped[int | None]
    oembed_height: Mapped[int | None]
    oembed_duration: Mapped[int | None]
    oembed_html: Mapped[str | None] = mapped_column(Text)
    oembed_preview_ready: Mapped[bool] = mapped_column(default=False, server_default=false())
    oembed_available: Mapped[bool] = mapped_column(default=False, server_default=false())
    preview_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often the preview of a link without one was tried, when it was made included."""
    preview_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a missing preview is tried again; null: at once."""
    clicks: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """How many visitors have clicked it: the number of its rows in `media_clicks`."""
    embed_row_id: Mapped[int | None] = mapped_column(ForeignKey("embeds.id"), index=True)
    embed_details: Mapped[dict[str, Any] | None] = mapped_column("embed_metadata", JSON(none_as_null=True))
    """What whoever made this media says of what it embeds; null for a link, whose page says it to all of its media."""
    embed: Mapped[Embed | None] = relationship(lazy="joined")
    files: Mapped[list["MediaFile"]] = relationship(
        back_populates="media",
        primaryjoin="and_(Media.id == MediaFile.media_id, MediaFile.role != 'rendition')",
        cascade="all, delete-orphan",
        lazy="selectin",
        order_by="MediaFile.id",
    )
    """All but renditions, which are many, and known from their plan."""

    def set_md5_sent(self, digest: str) -> None:
        """Note the MD5 of what was sent, which is also that of what is served if nothing was changed in it."""
        for file in self.files:
            if file.role == Role.FILE:
                file.md5_sent = digest
                file.md5_served = file.md5_served or digest
            elif file.role == Role.ORIGINAL:
                file.md5_served = digest

    def file(self, role: Role) -> "MediaFile | None":
        """Return the media's file of that role, if it has one."""
        return next((file for file in self.files if file.role == role), None)


UNSETTLED = text("unsettled_since IS NOT NULL")


class MediaFile(Base):
    """A file in storage that belongs to a media and is served under its name."""

    __tablename__ = "media_files"
    __table_args__ = (
        UniqueConstraint("media_id", "name"),
        Index("ix_media_files_storage_key", "storage", "key"),
        Index("ix_media_files_unsettled_since", "unsettled_since", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    media_id: Mapped[int] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    """The last segment of its URL."""
    title: Mapped[str] = mapped_column(String(255))
    """The name under which a browser saves it."""
    storage: Mapped[str] = mapped_column(String(32), default=name_in_use)
    """The name of the storage that has it."""
    key: Mapped[str] = mapped_column(String(64).with_variant(String(64, collation="C"), "postgresql"))
    """In storage. Sorted by its bytes, as storages list their keys."""
    mimetype: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    md5_sent: Mapped[str | None] = mapped_column(String(32), index=True)
    """Of the bytes that came, before anything was taken out of them: only of what was uploaded."""
    md5_served: Mapped[str | None] = mapped_column(String(32))
    """Of the bytes that are stored. Files of before 0.2.0 have none until they are checked or copied."""
    lost_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a check found out that its bytes are not in storage; they are missing until another check finds them."""
    unsettled_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when a power cut could take its bytes back: only of what can be made again. None: it cannot."""
    cleaned: Mapped[int | None]
    """The number of the rules by which its metadata was removed. None: it was not, or by 0.1.0."""
    media: Mapped[Media] = relationship(back_populates="files")

    @property
    def is_made(self) -> bool:
        """Whether there are bytes at all: a picture may have to be made yet."""
        return self.size > 0


class MediaClick(Base):
    """A visitor who has clicked a media, once or more often."""

    __tablename__ = "media_clicks"

    media_id: Mapped[int] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"), primary_key=True)
    visitor: Mapped[str] = mapped_column(String(MAX_VISITOR), primary_key=True)
    """`user:<id>` of a token, else `ip:<keyed hash of the address's network>`."""
    clicked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When the visitor did so first."""


class StaleFile(Base):
    """A file in storage that no row names any more and that still has to be deleted."""

    __tablename__ = "stale_files"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
