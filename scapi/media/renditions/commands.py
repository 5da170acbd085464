"""`scapi renditions`: plans renditions for pictures that were stored without any."""

import json

import click
from flask.cli import AppGroup
from sqlalchemy import null, update

from scapi.database import db, stream_keys
from scapi.formats.filetypes import PNG
from scapi.http import read_only
from scapi.media import plans
from scapi.media.models import Media, MediaType, Role

renditions = AppGroup("renditions", help="Pictures in the sizes that pages show.")

TYPES = (MediaType.IMAGE, MediaType.EDITOR_IMAGE, MediaType.DOCUMENT)


@renditions.command("plan")
@click.option("--dry-run", is_flag=True, help="Only count the media that would get renditions.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(dry_run: bool, as_json: bool) -> None:
    """Plan renditions in the sizes of SCAPI_RENDITION_WIDTHS for pictures that have none.

    `scapi housekeeping` makes them in the background, the newest first, after those of new media. The command may be
    stopped and run again.
    """
    if not dry_run:
        read_only.refuse_command()
    planned = 0
    for media_id in stream_keys(Media.id, Media.type.in_(TYPES) & Media.rendition_plan.is_(null())):
        planned += _plan(media_id, dry_run=dry_run)
    said = f"{'would offer' if dry_run else 'offer'} {planned} media in more sizes"
    click.echo(json.dumps({"dry_run": dry_run, "planned": planned}) if as_json else said)


def _plan(media_id: int, *, dry_run: bool) -> bool:
    media = db.session.get(Media, media_id)
    picture, thumbnail = (plans.shown(media), media.file(Role.THUMBNAIL)) if media else (None, None)
    if media is None or picture is None or thumbnail is None or not picture.width or not picture.height:
        db.session.rollback()
        return False
    wanted = plans.of_picture(picture.width, picture.height, transparent=thumbnail.mimetype == PNG)
    if wanted and not dry_run:
        without = update(Media).where(Media.id == media_id, Media.rendition_plan.is_(null()))
        values = {"rendition_plan": wanted, "renditions_due_at": media.added_at, "rendition_attempts": 0}
        db.session.execute(without.values(values))
    db.session.commit()
    db.session.expunge_all()
    return wanted is not None
