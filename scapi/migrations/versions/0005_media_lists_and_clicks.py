"""lists of media and clicks on them"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index("ix_media_newest", "media", ["creator_id", "added_at", "id"])
    op.drop_index("ix_media_creator_id", "media")
    op.add_column("media", sa.Column("clicks", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "media_clicks",
        sa.Column("media_id", big_id, nullable=False),
        sa.Column("visitor", sa.String(48), nullable=False),
        sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_media_clicks_media_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("media_id", "visitor", name="pk_media_clicks"),
    )


def downgrade() -> None:
    op.drop_table("media_clicks")
    op.drop_column("media", "clicks")
    op.create_index("ix_media_creator_id", "media", ["creator_id"])
    op.drop_index("ix_media_newest", "media")
