"""`scapi thumbnails`: makes previews and thumbnails again from their source files."""

import json
import sys

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import ColumnElement, func, select

from scapi.database import db, stream_keys
from scapi.exits import Exit
from scapi.http import read_only
from scapi.media import settling
from scapi.media.models import MediaFile, Role
from scapi.media.renditions import backlog
from scapi.refusals import Refused
from storage_backends import NotFound

thumbnails = AppGroup("thumbnails", help="Previews and thumbnails.")

WHO = "operator"
"""The client name of these commands in the inspection."""


@thumbnails.command("refresh")
@click.option("--all", "everything", is_flag=True, help="Make all of them again, not only those marked as lost.")
@click.option("--media", "media_id", type=click.IntRange(min=1), help="Only the pictures of this media, lost or not.")
@click.option("--dry-run", is_flag=True, help="Only count the pictures that would be made.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def refresh(everything: bool, media_id: int | None, dry_run: bool, as_json: bool) -> None:
    """Make previews and thumbnails again that a check has marked as lost, from their source files.

    Their URLs stay the same. `scapi housekeeping` makes lost renditions. This command may be stopped and run again,
    also while the server runs.
    """
    lost_rendition = (MediaFile.role == Role.RENDITION) & MediaFile.lost_at.is_not(None)
    wanted: ColumnElement[bool] = MediaFile.role.in_((Role.PREVIEW, Role.THUMBNAIL)) | lost_rendition
    if media_id is not None:
        wanted &= MediaFile.media_id == media_id
    elif not everything:
        wanted &= MediaFile.lost_at.is_not(None)
    if dry_run:
        count = db.session.scalar(select(func.count()).select_from(MediaFile).where(wanted))
        click.echo(json.dumps({"dry_run": True, "made": count}) if as_json else f"would make {count} pictures")
        return
    read_only.refuse_command()
    made = failed = 0
    for file_id in stream_keys(MediaFile.id, wanted):
        if _remade(file_id):
            made += 1
        else:
            failed += 1
    said = {"dry_run": False, "made": made, "failed": failed}
    click.echo(json.dumps(said) if as_json else f"made {made} pictures; {failed} failed")
    if failed:
        sys.exit(Exit.FAILED)


def _remade(file_id: int) -> bool:
    file = db.session.get(MediaFile, file_id)
    if file is None:  # deleted in the meantime
        return True
    if file.role == Role.RENDITION:
        backlog.make_again(file)
        return True
    try:
        settling.remake(file, WHO)
    except (NotFound, Refused) as error:
        db.session.rollback()
        current_app.logger.warning("picture %s cannot be made again: %s", file_id, error)
        return False
    return True
