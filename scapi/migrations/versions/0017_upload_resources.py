"""What the resources of HTTP's resumable uploads keep beside the upload's row."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "upload_resources",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("digests", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_resources")),
    )
    op.create_index(op.f("ix_upload_resources_expires_at"), "upload_resources", ["expires_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("upload_resources")
