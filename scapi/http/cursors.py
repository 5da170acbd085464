"""A row's place in a list as a query parameter, and where the pages beside a page begin: no database, no request."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from scapi.database import MAX_ID, can_be_kept
from scapi.refusals import Refused


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an order, and whether the page is before it."""

    place: tuple[Any, ...]
    backwards: bool = False

    def write(self, order: str) -> str:
        """Return the cursor as a query parameter, for a list in `order`."""
        place = [value.isoformat() if isinstance(value, datetime) else value for value in self.place]
        return urlsafe_b64encode(json.dumps([order, self.backwards, *place]).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, order: str, kinds: Sequence[type[Any]]) -> Self:
        """Parse a cursor written by `write`; its place has values of these kinds.

        Raises Refused (400), also for a cursor of another order.
        """
        try:
            values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            wanted: tuple[type[Any], ...] = (str, bool, *kinds)
            written, backwards, *place = (_value(*pair) for pair in zip(wanted, values, strict=True))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise _invalid() from error
        if written != order:
            raise _invalid()
        return cls(tuple(place), backwards)


def beside(offset: int, limit: int, count: int, *, more: bool, backwards: bool) -> tuple[int | None, int | None]:
    """Return the offsets of the next page and of the previous one; None: there is no such page.

    The page has `count` rows from `offset` on, and there are `more` rows in its direction: it was asked for
    `backwards`, from a later page, or forwards.
    """
    if backwards:
        first = offset if more else 0  # rows that were deleted since then do not count
        return first + count, max(0, first - limit) if more else None
    return offset + count if more else None, max(0, offset - limit) if offset > 0 else None


def _invalid() -> Refused:
    message = "expected a cursor from `next` or `previous` of a list in the same order"
    return Refused("invalid_cursor", message, field="cursor")


def _value(kind: type[Any], value: Any) -> Any:
    """Convert a value of a client's cursor. Raises ValueError, TypeError or OverflowError."""
    if kind is datetime:
        return datetime.fromisoformat(value).astimezone(UTC)
    if type(value) is not kind or (kind is str and not can_be_kept(value)) or (kind is int and abs(value) > MAX_ID):
        raise ValueError(f"not a value of {kind}")
    return value
