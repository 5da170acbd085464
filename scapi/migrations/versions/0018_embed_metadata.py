"""what each media says of what it embeds"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("media", sa.Column("embed_metadata", sa.JSON()))


def downgrade() -> None:
    op.drop_column("media", "embed_metadata")
