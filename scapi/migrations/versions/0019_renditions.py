"""renditions: what sizes a picture is offered in, which are to be made, and a placeholder"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("media", sa.Column("blurhash", sa.String(28)))
    op.add_column("media", sa.Column("rendition_plan", sa.JSON))
    op.add_column("media", sa.Column("renditions_due_at", sa.DateTime(timezone=True)))
    op.add_column("media", sa.Column("rendition_attempts", sa.Integer, nullable=False, server_default="0"))
    to_make = sa.text("renditions_due_at IS NOT NULL")
    op.create_index(
        "ix_media_renditions_due_at", "media", ["renditions_due_at"], sqlite_where=to_make, postgresql_where=to_make
    )


def downgrade() -> None:
    op.drop_index("ix_media_renditions_due_at", "media")
    for name in ("rendition_attempts", "renditions_due_at", "rendition_plan", "blurhash"):
        op.drop_column("media", name)
