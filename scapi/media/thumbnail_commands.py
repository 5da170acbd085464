"""`scapi thumbnails`: previews and thumbnails, which can be made again from the files that they show."""

import sys

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import ColumnElement, func, select

from scapi.database import db, stream_keys
from scapi.media import settling
from scapi.media.models import MediaFile, Role
from scapi.refusals import Refused
from storage_backends import NotFound

thumbnails = AppGroup("thumbnails", help="Previews and thumbnails.")

WHO = "operator"
"""Whose turn it is in the inspection, beside that of clients."""


@thumbnails.command("refresh")
@click.option("--all", "everything", is_flag=True, help="Make all of them again, not only those marked as lost.")
@click.option("--media", "media_id", type=click.IntRange(min=1), help="Only those of this media, lost or not.")
@click.option("--dry-run", is_flag=True, help="Only count what would be made.")
def refresh(everything: bool, media_id: int | None, dry_run: bool) -> None:
    """Make previews and thumbnails again that a check has marked as lost, from the files that they show.

    Their addresses stay the same. It may be stopped, run again, and run while the server does.
    """
    wanted: ColumnElement[bool] = MediaFile.role.in_((Role.PREVIEW, Role.THUMBNAIL))
    if media_id is not None:
        wanted &= MediaFile.media_id == media_id
    elif not everything:
        wanted &= MediaFile.lost_at.is_not(None)
    if dry_run:
        count = db.session.scalar(select(func.count()).select_from(MediaFile).where(wanted))
        click.echo(f"would make {count} pictures")
        return
    made = failed = 0
    for file_id in stream_keys(MediaFile.id, wanted):
        if _remade(file_id):
            made += 1
        else:
            failed += 1
    click.echo(f"made {made} pictures; {failed} failed")
    if failed:
        sys.exit(1)


def _remade(file_id: int) -> bool:
    file = db.session.get(MediaFile, file_id)
    if file is None:  # deleted meanwhile
        return True
    try:
        settling.remake(file, WHO)
    except (NotFound, Refused) as error:
        db.session.rollback()
        current_app.logger.warning("picture %s cannot be made again: %s", file_id, error)
        return False
    return True
