"""attempts to fetch a link's preview again"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("media", sa.Column("preview_attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("media", sa.Column("preview_due_at", sa.DateTime(timezone=True)))
    op.create_index("ix_media_previews_due", "media", ["type", "oembed_preview_ready", "preview_due_at"])


def downgrade() -> None:
    op.drop_index("ix_media_previews_due", "media")
    op.drop_column("media", "preview_due_at")
    op.drop_column("media", "preview_attempts")
