"""cleaned files"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("media_files", sa.Column("cleaned", sa.Integer))


def downgrade() -> None:
    op.drop_column("media_files", "cleaned")
