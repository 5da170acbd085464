"""uploads and media"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("mimetype", sa.String(32), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("md5", sa.LargeBinary(92), nullable=False),
        sa.Column("last_start", sa.BigInteger(), nullable=False),
        sa.Column("md5_before", sa.LargeBinary(92), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_status_expires_at", "uploads", ["status", "expires_at"])

    op.create_table(
        "media",
        sa.Column("id", big_id, nullable=False),
        sa.Column("hash_code", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.String(32)),
        sa.Column("creator_id", sa.BigInteger()),
        sa.Column("added_at", moment, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("pages", sa.Integer()),
        sa.Column("color", sa.String(7)),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sa.UniqueConstraint("hash_code", name="uq_media_hash_code"),
        sa.UniqueConstraint("upload_id", name="uq_media_upload_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_media_creator_id", "media", ["creator_id"])

    op.create_table(
        "media_files",
        sa.Column("id", big_id, nullable=False),
        sa.Column("media_id", big_id, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("mimetype", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_media_files_media_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_media_files"),
        sa.UniqueConstraint("media_id", "name", name="uq_media_files_media_id_name"),
        sqlite_autoincrement=True,
    )

    op.create_table(
        "stale_files",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_stale_files"),
    )


def downgrade() -> None:
    op.drop_table("stale_files")
    op.drop_table("media_files")
    op.drop_table("media")
    op.drop_table("uploads")
