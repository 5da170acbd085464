"""inspection: who completes an upload now, how often its file crashed the inspection, and why it was refused"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("claimed_until", sa.DateTime(timezone=True)))
    op.add_column("uploads", sa.Column("crashes", sa.Integer, nullable=False, server_default="0"))
    op.add_column("uploads", sa.Column("refusal_code", sa.String(40)))
    op.add_column("uploads", sa.Column("refusal_message", sa.Text))


def downgrade() -> None:
    for name in ("refusal_message", "refusal_code", "crashes", "claimed_until"):
        op.drop_column("uploads", name)
