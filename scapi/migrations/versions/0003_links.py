"""links"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

COLUMNS: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "url": sa.Text,
    "keywords": sa.Text,
    "entities": sa.Text,
    "image": sa.Text,
    "image_width": sa.Integer,
    "image_height": sa.Integer,
    "choice_images": sa.JSON,
    "oembed_type": sa.Text,
    "oembed_url": sa.Text,
    "oembed_width": sa.Integer,
    "oembed_height": sa.Integer,
    "oembed_duration": sa.Integer,
    "oembed_html": sa.Text,
}
FLAGS = ("oembed_preview_ready", "oembed_available")


def upgrade() -> None:
    op.create_table(
        "embeds",
        sa.Column("id", big_id, nullable=False),
        sa.Column("embed_type", sa.String(100), nullable=False),
        sa.Column("embed_id", sa.String(255), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_embeds"),
        sa.UniqueConstraint("embed_type", "embed_id", name="uq_embeds_embed_type_embed_id"),
        sqlite_autoincrement=True,
    )
    for name, kind in COLUMNS.items():
        op.add_column("media", sa.Column(name, kind()))
    for name in FLAGS:
        op.add_column("media", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "media",
        sa.Column("embed_row_id", big_id, sa.ForeignKey("embeds.id", name="fk_media_embed_row_id")),
        inline_references=True,
    )
    op.create_index("ix_media_embed_row_id", "media", ["embed_row_id"])


def downgrade() -> None:
    op.drop_index("ix_media_embed_row_id", "media")
    for name in ("embed_row_id", *FLAGS, *COLUMNS):
        op.drop_column("media", name)
    op.drop_table("embeds")
