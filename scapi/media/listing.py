"""The list of media and its filters. Users see their own media, admins everyone's."""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from sqlalchemy import ColumnElement, func, or_, select

from scapi.database import MAX_ID, can_be_kept
from scapi.http import auth
from scapi.http.auth import User
from scapi.http.paging import PageQuerySchema
from scapi.http.users import MAX_NAME, PREFIX
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.media.schemas import SHORT_NAMES
from scapi.refusals import Refused
from scapi.tags.fields import Id
from scapi.tags.models import MediaTag

ME = "me"
NOBODY = "none"

TYPES = {**{name.value: name for name in MediaType}, **{short: name for name, short in SHORT_NAMES.items()}}
"""The media types by long and by short name."""

_MD5 = r"^[0-9a-fA-F]{32}\Z"
_USER = rf"^({ME}|{NOBODY}|\d{{1,19}}|{PREFIX}(?s:.){{1,{MAX_NAME}}})\Z"

_SERVED = re.compile(r"/media/(?P<hash_code>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/", re.IGNORECASE)
"""The part of a file's URL at scapi that identifies its media."""

_STORED = re.compile(r"/(?P<key>[0-9a-f]{2}/[0-9a-f]{32}[.a-z0-9-]*)(?:[?#]|$)")
"""The key of a file at the end of its URL in a bucket or at a CDN."""


class Instant(ma.fields.Field[datetime]):
    """A moment in ISO 8601. A date alone means its beginning. Without a time zone it is in UTC."""

    default_error_messages = {"invalid": "expected a date or a moment in ISO 8601, such as 2026-11-26T12:00:00Z"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError) as error:
            raise self.make_error("invalid") from error


class MediaQuerySchema(PageQuerySchema):
    """The query parameters of the list of media."""

    user = ma.fields.String(
        validate=ma.validate.Regexp(_USER, error=f"expected a user's id, {ME} or {NOBODY}"),
        metadata={"description": f"For admins: the creator's id, `{ME}`, or `{NOBODY}` for media made without a token"},
    )
    type = ma.fields.String(validate=ma.validate.OneOf(list(TYPES)), metadata={"description": "Only of this type"})
    since = Instant(metadata={"type": "string", "description": "Added at this moment (ISO 8601) or later"})
    until = Instant(metadata={"type": "string", "description": "Added before this moment (ISO 8601)"})
    search = ma.fields.String(metadata={"description": "A part of the title or of the file's name, in any case"})
    tag = Id(metadata={"description": "Only with the tag of this id"})
    md5 = ma.fields.String(
        validate=ma.validate.Regexp(_MD5, error="an MD5 has 32 hexadecimal digits"),
        metadata={"description": "The MD5 of the file that was sent"},
    )
    url = ma.fields.String(metadata={"description": "The address of one of its files, as this service or a CDN has it"})


def conditions(query: dict[str, Any], user: User) -> list[ColumnElement[bool]]:
    """Return the conditions for the media that `user` requests. Raises Refused if `user` may not see them."""
    return [*_of_whom(query.get("user"), user), *_which(query)]


def _of_whom(wanted: str | None, user: User) -> Iterator[ColumnElement[bool]]:
    if wanted == NOBODY:
        creator_id = None
    elif wanted is None or wanted == ME:
        creator_id = user.id
    else:
        creator_id = _named_user(wanted) if wanted.startswith(PREFIX) else int(wanted)
        if creator_id is None and user.is_admin:
            yield _nothing()
            return
    if not user.is_admin and creator_id != user.id:
        raise Refused("not_admin", "only an admin may list the media of others", field="user")
    if wanted is None and user.is_admin:
        return
    if creator_id is None:
        yield Media.creator_id.is_(None)
    else:
        yield Media.creator_id == creator_id if creator_id <= MAX_ID else _nothing()


def _named_user(name: str) -> int | None:
    return auth.users().find(name) if can_be_kept(name) else None


def _which(query: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if "type" in query:
        yield Media.type == TYPES[query["type"]]
    if "since" in query:
        yield Media.added_at >= query["since"]
    if "until" in query:
        yield Media.added_at < query["until"]
    if "search" in query:
        yield _named(query["search"])
    if "tag" in query:
        yield Media.id.in_(select(MediaTag.media_id).where(MediaTag.tag_id == query["tag"]))
    if "md5" in query:
        yield _has_file(MediaFile.md5_sent == query["md5"].lower())
    if "url" in query:
        yield _at(query["url"])


def _named(term: str) -> ColumnElement[bool]:
    if not can_be_kept(term):
        return _nothing()
    in_name = func.lower(MediaFile.title).contains(term.lower(), autoescape=True)
    return or_(
        func.lower(Media.title).contains(term.lower(), autoescape=True),
        _has_file(in_name & (MediaFile.role == Role.FILE)),
    )


def _at(url: str) -> ColumnElement[bool]:
    if served := _SERVED.search(url):
        return Media.hash_code == uuid.UUID(served["hash_code"])
    if stored := _STORED.search(url):
        return _has_file(MediaFile.key == stored["key"])
    return _nothing()


def _has_file(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return Media.id.in_(select(MediaFile.media_id).where(condition))


def _nothing() -> ColumnElement[bool]:
    return Media.id.is_(None)
