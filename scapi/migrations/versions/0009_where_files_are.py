"""where files are"""

import sqlalchemy as sa
from alembic import op

from scapi.settings import settings

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # existing files are where the settings say; an older version, which does not know this column, still writes there
    here = settings.storage
    for table in ("uploads", "media_files"):
        op.add_column(table, sa.Column("storage", sa.String(32), server_default=here, nullable=False))
    op.add_column("media_files", sa.Column("md5_sent", sa.String(32)))
    op.add_column("media_files", sa.Column("md5_served", sa.String(32)))
    op.add_column("media_files", sa.Column("lost_at", sa.DateTime(timezone=True)))
    op.create_index("ix_media_files_md5_sent", "media_files", ["md5_sent"])
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("media_files", "key", type_=sa.String(64, collation="C"))
    op.create_index("ix_media_files_storage_key", "media_files", ["storage", "key"])
    op.create_index("ix_uploads_storage_status", "uploads", ["storage", "status"])
    op.create_index("ix_media_added_at_id", "media", ["added_at", "id"])
    op.create_table(
        "notes",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notes"),
    )


def downgrade() -> None:
    op.drop_table("notes")
    op.drop_index("ix_media_added_at_id", "media")
    op.drop_index("ix_uploads_storage_status", "uploads")
    op.drop_index("ix_media_files_storage_key", "media_files")
    op.drop_index("ix_media_files_md5_sent", "media_files")
    for column in ("lost_at", "md5_served", "md5_sent", "storage"):
        op.drop_column("media_files", column)
    op.drop_column("uploads", "storage")
