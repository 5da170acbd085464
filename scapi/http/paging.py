"""Pages of a list: limit and offset in, count, next, previous and results out.

`next` and `previous` have a cursor beside limit and offset: the place of the row where the next page begins. A client
that follows them gets every row once, even while rows are added and deleted; their offset is only informative. An
offset without a cursor jumps to that row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
from flask import request
from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from scapi.database import MAX_ID, db
from scapi.http.bodies import Schema
from scapi.http.cursors import Cursor, beside
from scapi.http.urls import absolute

DEFAULT_LIMIT = 20
"""Results per page without the parameter `limit`."""

MAX_LIMIT = 100
"""The most results per page. A higher limit counts as this one, so that clients need not know it."""

PLACE = ("limit", "offset", "cursor")
"""The query parameters for the position of a page."""

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Order:
    """An order without ties: its columns and whether each descends; the last one is the id."""

    text: str
    columns: tuple[tuple[Column, bool], ...]

    def clauses(self, backwards: bool) -> list[ColumnElement[Any]]:
        """Return the terms of ORDER BY, for this order or the reverse one."""
        return [column.desc() if descends != backwards else column.asc() for column, descends in self.columns]

    def kinds(self) -> list[type[Any]]:
        """Return the types of the values of a place."""
        return [column.type.python_type for column, _ in self.columns]

    def place(self, row: Any) -> tuple[Any, ...]:
        """Return the place of `row` in this order."""
        return tuple(getattr(row, column.key) for column, _ in self.columns)

    def beyond(self, place: Sequence[Any], backwards: bool) -> ColumnElement[bool]:
        """Return the condition of the rows after `place`, or before it."""
        marks = [literal(value, column.type) for (column, _), value in zip(self.columns, place, strict=True)]
        columns = [column for column, _ in self.columns]
        descending = [descends != backwards for _, descends in self.columns]
        if len(set(descending)) == 1:  # a row comparison, which can use an index on these columns
            row, mark = tuple_(*columns), tuple_(*marks)
            return row < mark if descending[0] else row > mark
        return or_(
            *(
                and_(
                    *(columns[before] == marks[before] for before in range(at)),
                    columns[at] < marks[at] if descends else columns[at] > marks[at],
                )
                for at, descends in enumerate(descending)
            )
        )


class Ordering(ma.fields.Field[Order]):
    """The query parameter `ordering`: names of fields, separated by commas, with a minus before descending ones.

    `columns` are the allowed columns, including `id`, which breaks ties.
    """

    default_error_messages = {"twice": "a field may be named once"}

    def __init__(self, columns: dict[str, Column], default: str) -> None:
        self._columns = columns
        names, term = ", ".join(columns), rf"\s*-?({'|'.join(columns)})\s*"
        super().__init__(
            load_default=lambda: self._deserialize(default),
            error_messages={"unknown": f"expected names of these fields, separated by commas: {names}"},
            metadata={
                "type": "string",
                "default": default,
                "pattern": f"^$|^{term}(,{term})*$",
                "description": f"Any of {names}, separated by commas; a minus before a name turns its order around",
            },
        )

    def _deserialize(self, value: str, *_: Any, **__: Any) -> Order:
        terms = [(term.strip().removeprefix("-"), term.strip().startswith("-")) for term in value.split(",")]
        names = [name for name, _ in terms]
        if not set(names) <= set(self._columns):
            raise self.make_error("unknown")
        if len(set(names)) < len(names):
            raise self.make_error("twice")
        columns = [(self._columns[name], descends) for name, descends in terms]
        if "id" not in names:
            columns.append((self._columns["id"], columns[-1][1]))
        return Order(value, tuple(columns))


class PageQuerySchema(Schema):
    """The query parameters of a list; an empty one counts as missing. A subclass adds `ordering` and its filters."""

    limit = ma.fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=ma.validate.Range(min=1),
        metadata={"description": f"Number of results to return per page; more than {MAX_LIMIT} count as {MAX_LIMIT}"},
    )
    offset = ma.fields.Integer(
        load_default=0,
        validate=ma.validate.Range(0, MAX_ID),
        metadata={"description": "The initial index from which to return the results"},
    )
    cursor = ma.fields.String(metadata={"description": "From `next` or `previous`; has priority over `offset`"})

    @ma.pre_load
    def _without_empty(self, fields: Any, **_: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if value != ""}


class PageSchema(Schema):
    """One page of a list."""

    count = ma.fields.Integer(metadata={"description": "Number of results on all pages"})
    next = ma.fields.String(allow_none=True, metadata={"format": "uri"})
    previous = ma.fields.String(allow_none=True, metadata={"format": "uri"})


def page_of(item: type[Schema]) -> type[ma.Schema]:
    """Return the schema of a page of such items."""
    name = item.__name__.removesuffix("Schema")
    return PageSchema.from_dict({"results": ma.fields.List(ma.fields.Nested(item))}, name=f"{name}PageSchema")


def page(model: type[Any], conditions: Sequence[ColumnElement[bool]], query: dict[str, Any]) -> dict[str, Any]:
    """Return the page of the rows that meet all `conditions`; `query` was loaded by a subclass of PageQuerySchema.

    Raises Refused (400) for a bad cursor.
    """
    order, limit, offset = query["ordering"], min(query["limit"], MAX_LIMIT), query["offset"]
    cursor = Cursor.read(query["cursor"], order.text, order.kinds()) if "cursor" in query else None
    count = db.session.scalar(select(func.count()).select_from(model).where(*conditions))
    rows = _rows(model, conditions, order, cursor or offset, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    backwards = cursor is not None and cursor.backwards
    if backwards:
        rows.reverse()
    following, preceding = beside(offset, limit, len(rows), more=more, backwards=backwards)

    def link(offset: int, at: int, backwards: bool) -> str:
        return _link(limit, offset, Cursor(order.place(rows[at]), backwards).write(order.text) if rows else None)

    return {
        "count": count,
        "next": None if following is None else link(following, -1, False),
        "previous": None if preceding is None else link(preceding, 0, True),
        "results": rows,
    }


def _rows(
    model: type[Any], conditions: Sequence[ColumnElement[bool]], order: Order, start: Cursor | int, limit: int
) -> list[Any]:
    """Return the rows from an offset or a cursor on, in the direction of the cursor.

    Their ids are found first, from an index alone, so that the rows skipped by an offset are not read.
    """
    backwards = isinstance(start, Cursor) and start.backwards
    ids = select(model.id).where(*conditions).order_by(*order.clauses(backwards)).limit(limit)
    ids = ids.where(order.beyond(start.place, backwards)) if isinstance(start, Cursor) else ids.offset(start)
    found = ids.subquery()
    statement = select(model).join(found, model.id == found.c.id).order_by(*order.clauses(backwards))
    return list(db.session.scalars(statement))


def _link(limit: int, offset: int, cursor: str | None) -> str:
    place = {"limit": str(limit), "offset": str(offset)} | ({"cursor": cursor} if cursor else {})
    others = [(name, value) for name, value in request.args.items(multi=True) if name not in PLACE]
    return absolute(f"{request.path}?{urlencode([*others, *place.items()])}")
