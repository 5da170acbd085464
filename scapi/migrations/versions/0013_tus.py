"""What tus keeps of an upload beside its row."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tus_uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("sent_metadata", sa.Text(), nullable=False),
        sa.Column("wanted", sa.String(16), nullable=True),
        sa.Column("md5", sa.String(32), nullable=True),
        sa.Column("partial", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("concat", sa.Text(), nullable=True),
        sa.Column("final_id", sa.String(32), nullable=True),
        sa.Column("joined_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tus_uploads")),
    )
    op.create_index(op.f("ix_tus_uploads_expires_at"), "tus_uploads", ["expires_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("tus_uploads")
