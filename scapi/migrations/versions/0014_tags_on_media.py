"""tags on media"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "media_tags",
        sa.Column("tag_id", big_id, nullable=False),
        sa.Column("media_id", big_id, nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_media_tags_tag_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_media_tags_media_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "media_id", name="pk_media_tags"),
    )
    op.create_index("ix_media_tags_media_id", "media_tags", ["media_id"])


def downgrade() -> None:
    op.drop_table("media_tags")
