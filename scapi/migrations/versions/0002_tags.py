"""tags

Search goes over an index of trigrams. On SQLite that is an FTS5 table, kept in step by triggers. On PostgreSQL it is a
GIN index over an array, which every server has: pg_trgm would need an extension that is not installed everywhere, and
it skips what is no letter or digit in the database's locale (emoji, and with the locale C everything but ASCII).
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)
plain_text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

SEARCH_ON_SQLITE = (
    """
    CREATE VIRTUAL TABLE tags_search USING fts5(
        folded_name, folded_description, content = 'tags', content_rowid = 'id', tokenize = 'trigram case_sensitive 1'
    )
    """,
    """
    CREATE TRIGGER tags_search_insert AFTER INSERT ON tags BEGIN
        INSERT INTO tags_search (rowid, folded_name, folded_description)
        VALUES (new.id, new.folded_name, new.folded_description);
    END
    """,
    """
    CREATE TRIGGER tags_search_delete AFTER DELETE ON tags BEGIN
        INSERT INTO tags_search (tags_search, rowid, folded_name, folded_description)
        VALUES ('delete', old.id, old.folded_name, old.folded_description);
    END
    """,
    """
    CREATE TRIGGER tags_search_update AFTER UPDATE OF folded_name, folded_description ON tags BEGIN
        INSERT INTO tags_search (tags_search, rowid, folded_name, folded_description)
        VALUES ('delete', old.id, old.folded_name, old.folded_description);
        INSERT INTO tags_search (rowid, folded_name, folded_description)
        VALUES (new.id, new.folded_name, new.folded_description);
    END
    """,
)

# The cost keeps the planner from computing it row by row where it can look into the index.
SEARCH_ON_POSTGRESQL = (
    """
    CREATE FUNCTION tag_trigrams(name text, description text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
        SELECT array_agg(substr(value, start, 3))
        FROM (VALUES (name), (description)) AS texts (value), generate_series(1, length(value) - 2) AS start
    $$
    """,
    "CREATE INDEX tags_search ON tags USING gin (tag_trigrams(folded_name, folded_description))",
)


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", big_id, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("color", sa.String(7), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("visibility_boost", sa.Boolean(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("caseless_name", plain_text, nullable=False),
        sa.Column("folded_name", plain_text, nullable=False),
        sa.Column("folded_description", plain_text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("type", "caseless_name", name="uq_tags_type_caseless_name"),
        sa.UniqueConstraint("id", "type", name="uq_tags_id_type"),
        sqlite_autoincrement=True,
    )
    # newest first, with what lists are filtered by: a page far back reads the index and not the rows before it
    newest = ["created_at", "id", "type", "active", "visible", "visibility_boost"]
    op.create_index("ix_tags_newest", "tags", newest)
    op.create_index("ix_tags_folded_name_id", "tags", ["folded_name", "id"])

    op.create_table(
        "tag_assignments",
        sa.Column("tag_id", big_id, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id", "type"], ["tags.id", "tags.type"], name="fk_tag_assignments_tag_id_type", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tag_id", "type", "target_id", name="pk_tag_assignments"),
    )

    for statement in SEARCH_ON_SQLITE if _on_sqlite() else SEARCH_ON_POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("tag_assignments")
    if _on_sqlite():
        op.execute("DROP TABLE tags_search")
    op.drop_table("tags")
    if not _on_sqlite():
        op.execute("DROP FUNCTION tag_trigrams")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
