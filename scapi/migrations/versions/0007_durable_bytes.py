"""durable bytes"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("md5_durable", sa.LargeBinary(92)))


def downgrade() -> None:
    op.drop_column("uploads", "md5_durable")
