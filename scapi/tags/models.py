"""The tables of tags and their assignments."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, BigId, UtcDateTime, now

DEFAULT_COLOR = "#808080"
"""Legible on white and on black."""

PlainText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that every database sorts by code points."""


class TagType(StrEnum):
    """The type of a tag: the kind of thing that it can be assigned to."""

    USER = "user"
    CATEGORY = "category"
    CONTRIBUTION = "contribution"


MEDIA = "media"
"""Tags of every type can be assigned to media."""


class Tag(Base):
    """A label. Search reads the folded columns, which have a trigram index."""

    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("type", "caseless_name"),
        UniqueConstraint("id", "type"),
        Index("ix_tags_newest", "created_at", "id", "type", "active", "visible", "visibility_boost"),
        Index("ix_tags_folded_name_id", "folded_name", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    type: Mapped[str] = mapped_column(String(16), default=TagType.USER)
    name: Mapped[str] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(Text)
    color: Mapped[str] = mapped_column(String(7), default=DEFAULT_COLOR)
    visible: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    visibility_boost: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    caseless_name: Mapped[str] = mapped_column(PlainText)
    folded_name: Mapped[str] = mapped_column(PlainText)
    folded_description: Mapped[str] = mapped_column(PlainText, default="")


class TagAssignment(Base):
    """A tag on a user, a category or a contribution, as the tag's type says; the foreign key enforces this."""

    __tablename__ = "tag_assignments"
    __table_args__ = (ForeignKeyConstraint(["tag_id", "type"], ["tags.id", "tags.type"], ondelete="CASCADE"),)

    tag_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(16), primary_key=True)
    target_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class MediaTag(Base):
    """A tag on a media. Tags of every type are possible."""

    __tablename__ = "media_tags"

    tag_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    media_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
