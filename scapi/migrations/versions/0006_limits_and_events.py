"""limits and events"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)

OWNERS = {"user_id": sa.text("user_id IS NOT NULL"), "address": sa.text("address IS NOT NULL")}


def upgrade() -> None:
    op.add_column("uploads", sa.Column("address", sa.LargeBinary(16)))
    for owner, there in OWNERS.items():
        op.create_index(
            f"ix_uploads_{owner}_status", "uploads", [owner, "status"], sqlite_where=there, postgresql_where=there
        )

    op.add_column("media", sa.Column("stored", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(
        "UPDATE media SET stored = "
        "(SELECT coalesce(sum(size), 0) FROM media_files WHERE media_files.media_id = media.id)"
    )
    op.create_index("ix_media_creator_id_stored", "media", ["creator_id", "stored"])

    op.create_table(
        "webhook_deliveries",
        sa.Column("id", big_id, nullable=False),
        sa.Column("event_id", sa.String(40), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_deliveries_status_due_at", "webhook_deliveries", ["status", "due_at"])


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_index("ix_media_creator_id_stored", "media")
    op.drop_column("media", "stored")
    for owner in OWNERS:
        op.drop_index(f"ix_uploads_{owner}_status", "uploads")
    op.drop_column("uploads", "address")
