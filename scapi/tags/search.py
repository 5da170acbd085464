"""Search for any part of a tag's name or description; uses a trigram index if the term is long enough."""

from sqlalchemy import ARRAY, ColumnElement, Integer, Text, column, func, literal, literal_column, or_, select, table

from scapi.database import db
from scapi.tags.folding import fold
from scapi.tags.models import Tag

TRIGRAM = 3
"""Characters. A shorter term has no trigram, so that every row is read."""


def matching(term: str) -> list[ColumnElement[bool]]:
    """Return the conditions of the tags that `term` finds; none (all tags) if it has no searchable characters."""
    folded = fold(term)
    if not folded:
        return []
    if len(folded) < TRIGRAM:
        return [_contains(folded)]
    return [_in_fts5(folded)] if db.engine.dialect.name == "sqlite" else [_in_gin(folded), _contains(folded)]


def _contains(folded: str) -> ColumnElement[bool]:
    columns = (Tag.folded_name, Tag.folded_description)
    return or_(*(column.contains(folded, autoescape=True) for column in columns))


def _in_fts5(folded: str) -> ColumnElement[bool]:
    """Return a condition on FTS5's index: it finds a phrase of trigrams exactly where the characters are adjacent."""
    phrase = '"' + folded.replace('"', '""') + '"'
    search = table("tags_search", column("rowid", Integer))
    return Tag.id.in_(select(search.c.rowid).where(literal_column("tags_search").op("MATCH")(phrase)))


def _in_gin(folded: str) -> ColumnElement[bool]:
    """Return a condition on the GIN index: the tag has all trigrams of the term, but not always adjacent ones."""
    trigrams = sorted({folded[start : start + TRIGRAM] for start in range(len(folded) - TRIGRAM + 1)})
    of_tag = func.tag_trigrams(Tag.folded_name, Tag.folded_description)
    return of_tag.op("@>", is_comparison=True)(literal(trigrams, ARRAY(Text())))
