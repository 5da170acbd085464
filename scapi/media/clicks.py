"""Clicks on media: each visitor is counted once."""

from ipaddress import IPv4Address, IPv6Address

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from scapi.database import db, is_duplicate
from scapi.http import callers
from scapi.media.models import Media, MediaClick


def count(media_id: int, visitor: str) -> bool:
    """Count the visitor's click if it is the visitor's first; return False if the media does not exist."""
    if db.session.get(MediaClick, (media_id, visitor)):
        return True
    try:
        db.session.execute(insert(MediaClick).values(media_id=media_id, visitor=visitor))
    except IntegrityError as error:
        db.session.rollback()
        return is_duplicate(error)  # if so, another click of the same visitor came first
    db.session.execute(update(Media).where(Media.id == media_id).values(clicks=Media.clicks + 1))
    db.session.commit()
    return True


def visitor_of(user_id: int | None, address: IPv4Address | IPv6Address | str | None) -> str:
    """Return the name of a visitor: the user, or a hash of the network of `address`, which may be any text."""
    return f"ip:{callers.digest_of(str(address or '')).hex()}" if user_id is None else f"user:{user_id}"
