"""users of an OpenID Connect provider"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "oidc_users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("name", sa.String(260), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_oidc_users"),
        sa.UniqueConstraint("name", name="uq_oidc_users_name"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("oidc_users")
