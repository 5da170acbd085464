"""The statements that write tags. Each runs in one transaction, so that no other change comes between its steps."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Delete, Executable, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from scapi.database import db, is_duplicate
from scapi.http import auth
from scapi.refusals import Refused
from scapi.tags.folding import caseless, fold
from scapi.tags.models import MEDIA, MediaTag, Tag, TagAssignment

UNSYNCHRONIZED = {"synchronize_session": False}
"""The session holds no tags, so there is nothing to synchronise."""


def add(fields: Mapping[str, Any]) -> Row[Any]:
    """Insert a tag and return its row. Raises Refused (400) if the name exists."""
    [row] = _written(insert(Tag).values(columns_of(fields)).returning(*Tag.__table__.columns))
    return row


def change(conditions: list[ColumnElement[bool]], fields: Mapping[str, Any]) -> Row[Any] | None:
    """Change the tag that meets the conditions and return its new row; None if there is no such tag.

    Raises Refused if the name exists (400), or if an assigned tag would get another type (409).
    """
    if not fields:
        return db.session.execute(select(*Tag.__table__.columns).where(*conditions)).one_or_none()
    statement = update(Tag).where(*conditions).values(columns_of(fields)).returning(*Tag.__table__.columns)
    return next(iter(_written(statement.execution_options(**UNSYNCHRONIZED))), None)


def remove(conditions: list[ColumnElement[bool]]) -> bool:
    """Delete the tag that meets the conditions, and its assignments; return whether there was one."""
    return _deleted(delete(Tag).where(*conditions)) > 0


def assign(tag_id: int, type: str, target: int | str) -> None:  # noqa: A002 - the column's name
    """Assign the tag, unless it is assigned already. `target` is an id, or the name of a user.

    Raises Refused if there is no such tag or media, or if the tag has another type.
    """
    if type == MEDIA:
        statement = insert(MediaTag).values(tag_id=tag_id, media_id=target)
    else:
        _check_type(tag_id, type)
        target_id = auth.users().id_of(target) if isinstance(target, str) else target
        statement = insert(TagAssignment).values(tag_id=tag_id, type=type, target_id=target_id)
    try:
        db.session.execute(statement)
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        if not is_duplicate(error):
            raise (_no_such_media() if type == MEDIA and _is_there(tag_id) else not_found()) from error


def unassign(tag_id: int, type: str, target: int | str) -> None:  # noqa: A002
    """Unassign the tag, if it is assigned. Raises Refused as `assign` does."""
    if type == MEDIA:
        if not _deleted(delete(MediaTag).where(MediaTag.tag_id == tag_id, MediaTag.media_id == target)):
            _check_type(tag_id, None)
        return
    _check_type(tag_id, type)
    target_id = auth.users().find(target) if isinstance(target, str) else target
    conditions = (TagAssignment.tag_id == tag_id, TagAssignment.type == type, TagAssignment.target_id == target_id)
    _deleted(delete(TagAssignment).where(*conditions))


def not_found() -> Refused:
    """Return the refusal of a request for a tag that does not exist."""
    return Refused("not_found", "there is no such tag")


def columns_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns to write: the fields, and their folded forms for search and uniqueness."""
    columns = dict(fields)
    if "name" in fields:
        columns |= {"caseless_name": caseless(fields["name"]), "folded_name": fold(fields["name"])}
    if "description" in fields:
        columns["folded_description"] = fold(fields["description"] or "")
    return columns


def _written(statement: Executable) -> Sequence[Row[Any]]:
    try:
        rows = db.session.execute(statement).all()
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        if is_duplicate(error):
            raise Refused("unique", "there is a tag of that type and name already", field="name") from error
        raise Refused("tag_assigned", "a tag that is assigned keeps its type", field="type") from error
    return rows


def _deleted(statement: Delete) -> int:
    """Run the statement and return the number of deleted rows."""
    result = cast(CursorResult[Any], db.session.execute(statement.execution_options(**UNSYNCHRONIZED)))
    db.session.commit()
    return result.rowcount


def _is_there(tag_id: int) -> bool:
    return db.session.get(Tag, tag_id) is not None


def _no_such_media() -> Refused:
    return Refused("unknown_media", "there is no such media", field=MEDIA)


def _check_type(tag_id: int, type: str | None) -> None:  # noqa: A002
    """Raise Refused if the tag does not exist or has another type; None: any type."""
    found = db.session.scalar(select(Tag.type).where(Tag.id == tag_id))
    if found is None:
        raise not_found()
    if type is not None and found != type:
        raise Refused("type_mismatch", f"a tag of type {found} cannot be assigned to a {type}", field=type)
