"""Deletion of a media: its row and its event first, its files after the commit."""

from scapi.database import db
from scapi.events.signals import announce
from scapi.http import auth
from scapi.http.auth import User
from scapi.logs import audit
from scapi.media import announcements, files
from scapi.media.models import Media


def delete(media: Media, by: User | None, *, how: str = "the command line") -> None:
    """Delete a media and its files. The log names the user `by`; without a user, it says `how` it was done."""
    media_id, creator_id = media.id, media.creator_id
    keys, places = files.keys_of(media), {file.storage for file in media.files}
    events = announcements.deleted(media, by)
    db.session.delete(media)
    files.forget(keys)
    db.session.commit()
    audit.info("media %s of %s was deleted by %s", media_id, _name(creator_id), _name_of(by) if by else how)
    files.delete_stale(keys, places)
    announce(events)


def _name_of(user: User) -> str:
    return f"{'admin' if user.is_admin else 'user'} {auth.name_of(user.id)}"


def _name(creator_id: int | None) -> str:
    return "nobody" if creator_id is None else f"user {auth.name_of(creator_id)}"
