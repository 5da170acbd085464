"""`scapi media`: the files of media."""

import json
import sys
from collections import Counter
from datetime import UTC
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import select

from scapi.database import MAX_ID, db
from scapi.exits import Exit
from scapi.http import auth, read_only
from scapi.http.auth import User
from scapi.http.bodies import iso
from scapi.http.urls import absolute
from scapi.http.users import PREFIX
from scapi.media import cleanup, deletion, files, listing
from scapi.media.cleanup import Outcome
from scapi.media.models import Media, MediaFile, Role
from scapi.settings import settings

media = AppGroup("media", help="Media and their files.")

OPERATOR = User(0, is_admin=True)
"""An operator who can run commands sees everyone's media."""


@media.command("clean")
@click.option("--dry-run", is_flag=True, help="Only count what would be cleaned; every file is read.")
@click.option("--left", is_flag=True, help="Only print how many files are left; no file is read.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def clean(dry_run: bool, left: bool, as_json: bool) -> None:
    """Remove metadata from images that were stored before the current rules.

    The cleaned file replaces the served one under the same URL; the event `media.updated` lists the URLs to purge from
    caches. The command may be stopped at any time and continues on the next run. It may run while scapi serves.
    """
    if left:
        click.echo(json.dumps({"left": cleanup.left()}) if as_json else str(cleanup.left()))
        return
    if not settings.strip_metadata:
        raise click.UsageError("SCAPI_STRIP_METADATA is false: images are served with their metadata")
    if not dry_run:
        read_only.refuse_command()
    done: Counter[Outcome] = Counter()
    for result in cleanup.clean(dry_run=dry_run):
        done[result.outcome] += 1
    said = (
        f"{'would clean' if dry_run else 'cleaned'} {done[Outcome.CLEANED]} files; "
        f"{done[Outcome.UNCHANGED]} had nothing to remove; {done[Outcome.FAILED]} failed; {cleanup.left()} are left"
    )
    counted = {outcome.value: done[outcome] for outcome in Outcome}
    click.echo(json.dumps({"dry_run": dry_run, **counted, "left": cleanup.left()}) if as_json else said)
    if done[Outcome.FAILED]:
        sys.exit(Exit.FAILED)


def _checked_user(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and value != listing.NOBODY and not (value.isdecimal() or value.startswith(PREFIX)):
        raise click.BadParameter(f"expected a user's id or {listing.NOBODY}")
    return value


@media.command("list")
@click.option(
    "--user", callback=_checked_user, help="A user: a number, oidc:NAME, or `none` for media made without a token."
)
@click.option("--type", "kind", type=click.Choice(list(listing.TYPES)), help="Only of this type.")
@click.option("--since", type=click.DateTime(), help="Added then or later, in UTC.")
@click.option("--until", type=click.DateTime(), help="Added before, in UTC.")
@click.option("--search", help="A part of the title or of the file's name.")
@click.option("--md5", help="The MD5 of the file that was sent.")
@click.option("--url", help="The address of one of its files.")
@click.option("--lost", is_flag=True, help="Only media with a file that a check has marked as lost.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="The most media to list, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_media(lost: bool, limit: int, as_json: bool, kind: str | None, **given: Any) -> None:
    """List media of all users, the newest first; the options select them."""
    query = {name: value for name, value in {**given, "type": kind}.items() if value is not None}
    for moment in ("since", "until"):
        if moment in query:
            query[moment] = query[moment].replace(tzinfo=UTC)
    conditions = listing.conditions(query, OPERATOR)
    if lost:
        conditions.append(Media.files.any(MediaFile.lost_at.is_not(None)))
    rows = db.session.scalars(
        select(Media).where(*conditions).order_by(Media.added_at.desc(), Media.id.desc()).limit(limit)
    )
    found = [described(row) for row in rows]
    if as_json:
        click.echo(json.dumps(found))
        return
    for one in found:
        creator = "nobody" if one["user_id"] is None else f"user {one['user_id']}"
        click.echo(
            f"{one['id']}  {one['added_at']}  {one['type']}  {creator}  {one['title'] or ''}  {one['url'] or ''}"
        )


@media.command("show")
@click.argument("media_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(media_id: int, as_json: bool) -> None:
    """Show a media, all its files and their storage."""
    row = found_media(media_id)
    said = described(row)
    said["files"] = [
        {
            "role": file.role,
            "url": absolute(files.path_of(row.hash_code, file)),
            "storage": file.storage,
            "key": file.key,
            "mimetype": file.mimetype,
            "size": file.size,
            "md5_sent": file.md5_sent,
            "md5_served": file.md5_served,
            "lost_at": file.lost_at and iso(file.lost_at),
        }
        for file in db.session.scalars(select(MediaFile).where(MediaFile.media_id == media_id).order_by(MediaFile.id))
    ]
    if as_json:
        click.echo(json.dumps(said))
        return
    for name, value in said.items():
        if name != "files":
            click.echo(f"{name}: {'' if value is None else value}")
    for file in said["files"]:
        click.echo("  ".join(f"{name}={value}" for name, value in file.items() if value is not None))


@media.command("delete")
@click.argument("media_ids", type=int, nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each media.")
def delete(media_ids: tuple[int, ...], dry_run: bool, as_json: bool) -> None:
    """Delete media of any user and their files, and print the addresses to purge from caches."""
    if not dry_run:
        read_only.refuse_command()
    for media_id in media_ids:
        row = found_media(media_id)
        urls = files.urls_of(row)
        if not dry_run:
            deletion.delete(row, None)
        if as_json:
            click.echo(json.dumps({"id": media_id, "dry_run": dry_run, "urls": urls}))
            continue
        click.echo(f"{'would delete' if dry_run else 'deleted'} media {media_id}")
        for url in urls:
            click.echo(url)


def described(row: Media) -> dict[str, Any]:
    """Return the fields of a media in a list."""
    file = row.file(Role.FILE)
    return {
        "id": row.id,
        "added_at": iso(row.added_at),
        "type": row.type,
        "user_id": auth.name_of(row.creator_id),
        "title": row.title,
        "url": absolute(files.path_of(row.hash_code, file)) if file else row.url,
        "size": row.stored,
        "md5": file.md5_sent if file else None,
    }


def found_media(media_id: int) -> Media:
    """Return a media. Ends the command if there is none."""
    row = db.session.get(Media, media_id) if 0 <= media_id <= MAX_ID else None
    if row is None:
        raise click.ClickException(f"there is no media {media_id}")
    return row
