"""unsettled files: previews and thumbnails that a power cut could take back"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("media_files", sa.Column("unsettled_since", sa.DateTime(timezone=True)))
    there = sa.text("unsettled_since IS NOT NULL")
    op.create_index(
        "ix_media_files_unsettled_since", "media_files", ["unsettled_since"], sqlite_where=there, postgresql_where=there
    )


def downgrade() -> None:
    op.drop_index("ix_media_files_unsettled_since", "media_files")
    op.drop_column("media_files", "unsettled_since")
