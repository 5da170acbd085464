"""`scapi users`: what users have stored, and the deletion of all of it."""

import json
from contextlib import suppress

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from scapi.database import db
from scapi.http import auth, read_only
from scapi.http.commands import user_of
from scapi.media import deletion
from scapi.media.models import Media
from scapi.refusals import Refused
from scapi.uploads import ending
from scapi.uploads.models import Status, Upload

users = AppGroup("users", help="The storage that users occupy.")

BATCH = 100
"""The number of media to look up and delete at a time."""


@users.command("usage")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="The most users to show, the largest first.",
)
@click.option("--user", help="Only this user: a number, or oidc:NAME.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def usage(top: int, user: str | None, as_json: bool) -> None:
    """Show how many media each user has and how many bytes their files take. Media without a user are `nobody`'s."""
    size = func.coalesce(func.sum(Media.stored), 0)
    statement = select(Media.creator_id, func.count(), size).group_by(Media.creator_id).order_by(size.desc()).limit(top)
    if user is not None:
        statement = statement.where(Media.creator_id == user_of(user))
    found = [
        {"user_id": auth.name_of(user_id), "media": count, "bytes": int(total)}
        for user_id, count, total in db.session.execute(statement)
    ]
    if as_json:
        click.echo(json.dumps(found))
        return
    for one in found:
        name = "nobody" if one["user_id"] is None else f"user {one['user_id']}"
        click.echo(f"{name}  {one['media']} media  {one['bytes']} bytes")


@users.command("purge")
@click.argument("user")
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def purge(user: str, dry_run: bool, as_json: bool) -> None:
    """Delete all media and unfinished uploads of a user. It may be stopped and run again.

    Tokens of this user stay valid until they expire: first stop issuing tokens to the user.
    """
    user_id = user_of(user)
    own = Media.creator_id == user_id
    uploading = (Upload.user_id == user_id) & (Upload.status == Status.UPLOADING)
    if dry_run:
        count = db.session.scalar(select(func.count()).select_from(Media).where(own))
        unfinished = db.session.scalar(select(func.count()).select_from(Upload).where(uploading))
        _say_purged(count or 0, unfinished or 0, dry_run, as_json)
        return
    read_only.refuse_command()
    aborted = 0
    for upload_id in db.session.scalars(select(Upload.id).where(uploading)).all():
        with suppress(Refused):  # it has ended in the meantime
            ending.abort(upload_id, user_id)
            aborted += 1
    deleted = 0
    while media := db.session.scalars(select(Media).where(own).order_by(Media.id).limit(BATCH)).all():
        for one in media:
            deletion.delete(one, None)
            deleted += 1
    _say_purged(deleted, aborted, dry_run, as_json)


def _say_purged(media: int, uploads: int, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "media": media, "uploads": uploads}))
    else:
        click.echo(f"{'would delete' if dry_run else 'deleted'} {media} media and {uploads} unfinished uploads")
