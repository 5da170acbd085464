"""writer"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("writer", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("uploads", "writer")
