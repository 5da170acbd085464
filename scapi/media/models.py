"""The tables of media, embeds, files, clicks, and files that still have to be deleted."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, Uuid, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scapi.database import Base, BigId, UtcDateTime, now
from scapi.storage import name_in_use


class MediaType(StrEnum):
    """The type of a media."""

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
"""The most characters of a visitor's name: a prefix, and a hash of 32 or a user's id of at most 19 characters."""


class Role(StrEnum):
    """The role of a file of a media."""

    FILE = "file"
    """The uploaded file, as it is served."""

    PREVIEW = "preview"
    """The first page of a document, as an image."""

    THUMBNAIL = "thumbnail"

    RENDITION = "rendition"
    """The picture in another size."""

    ORIGINAL = "original"
    """The uploaded file, if a converted or cleaned file is served instead. It has no URL."""


class Embed(Base):
    """A thing on another site, such as a page: one row per thing, shared by the media that show it."""

    __tablename__ = "embeds"
    __table_args__ = (UniqueConstraint("embed_type", "embed_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    embed_type: Mapped[str] = mapped_column(String(100))
    embed_id: Mapped[str] = mapped_column(String(255))
    url: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    """`metadata` in the API; SQLAlchemy reserves that name."""


class Media(Base):
    """An image, a document or a link that a page can show."""

    __tablename__ = "media"
    __table_args__ = (
        Index("ix_media_newest", "creator_id", "added_at", "id"),
        Index("ix_media_added_at_id", "added_at", "id"),
        Index("ix_media_creator_id_stored", "creator_id", "stored"),  # enough to sum up a user's bytes
        Index("ix_media_previews_due", "type", "oembed_preview_ready", "preview_due_at"),
        Index("ix_media_renditions_due_at", "renditions_due_at", sqlite_where=TO_MAKE, postgresql_where=TO_MAKE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    hash_code: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=uuid.uuid4)
    upload_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The upload that it was made from. An upload has at most one media."""
    creator_id: Mapped[int | None] = mapped_column(BigInteger)
    stored: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Bytes of its files, which count towards its creator's quota."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    type: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    pages: Mapped[int | None]
    color: Mapped[str | None] = mapped_column(String(7))
    blurhash: Mapped[str | None] = mapped_column(String(28))
    rendition_plan: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The widths and types in which the picture is offered, made or not yet; plans.py reads it."""
    renditions_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the renditions are due. None: there is nothing to make."""
    rendition_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """The number of attempts to make the renditions."""
    url: Mapped[str | None] = mapped_column(Text)
    """The URL of a link. The URL of a file is computed from its name."""
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
    """The number of attempts to fetch a link's preview, including the one when the media was created."""
    preview_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a missing preview is tried again. None: at once."""
    clicks: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The number of visitors who clicked it, equal to the number of its rows in `media_clicks`."""
    embed_row_id: Mapped[int | None] = mapped_column(ForeignKey("embeds.id"), index=True)
    embed_details: Mapped[dict[str, Any] | None] = mapped_column("embed_metadata", JSON(none_as_null=True))
    """The metadata that the creator sent for an embed. None for a link: all media of a link share its page's metadata.
    """
    embed: Mapped[Embed | None] = relationship(lazy="joined")
    files: Mapped[list["MediaFile"]] = relationship(
        back_populates="media",
        primaryjoin="and_(Media.id == MediaFile.media_id, MediaFile.role != 'rendition')",
        cascade="all, delete-orphan",
        lazy="selectin",
        order_by="MediaFile.id",
    )
    """All files except renditions, which are many, and known from their plan."""

    def set_md5_sent(self, digest: str) -> None:
        """Set the MD5 of the sent file. It is also that of the served file if nothing was changed."""
        for file in self.files:
            if file.role == Role.FILE:
                file.md5_sent = digest
                file.md5_served = file.md5_served or digest
            elif file.role == Role.ORIGINAL:
                file.md5_served = digest

    def file(self, role: Role) -> "MediaFile | None":
        """Return the media's file with that role; None if it has none."""
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
    """The name of the storage that holds it."""
    key: Mapped[str] = mapped_column(String(64).with_variant(String(64, collation="C"), "postgresql"))
    """The key in storage. Sorted bytewise, in the order in which storages list their keys."""
    mimetype: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    md5_sent: Mapped[str | None] = mapped_column(String(32), index=True)
    """The MD5 of the sent bytes, before metadata was removed. Only for the uploaded file."""
    md5_served: Mapped[str | None] = mapped_column(String(32))
    """The MD5 of the stored bytes. Files from before 0.2.0 have none until they are checked or copied."""
    lost_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a check found that its bytes are not in storage. A later check that finds them clears it."""
    unsettled_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Set until the bytes are synced; a power cut may lose them. Only for files that can be made again. None: synced.
    """
    cleaned: Mapped[int | None]
    """The version of the rules by which its metadata was removed. None: not removed, or removed by 0.1.0."""
    media: Mapped[Media] = relationship(back_populates="files")

    @property
    def is_made(self) -> bool:
        """Whether the file has bytes: a picture may not have been made yet."""
        return self.size > 0


class MediaClick(Base):
    """A visitor who has clicked a media at least once."""

    __tablename__ = "media_clicks"

    media_id: Mapped[int] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"), primary_key=True)
    visitor: Mapped[str] = mapped_column(String(MAX_VISITOR), primary_key=True)
    """`user:<id>` of a token, else `ip:<keyed hash of the address's network>`."""
    clicked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """The visitor's first click."""


class StaleFile(Base):
    """A file in storage that no row uses any more and that still has to be deleted."""

    __tablename__ = "stale_files"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
