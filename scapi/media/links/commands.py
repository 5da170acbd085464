"""`scapi previews`: previews of links."""

import json
from dataclasses import asdict
from datetime import timedelta

import click
from flask.cli import AppGroup

from scapi.http import read_only
from scapi.media.links import refreshing

previews = AppGroup("previews", help="Previews of links.")


@previews.command("refresh")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The most links to try.")
@click.option(
    "--days", type=click.IntRange(min=1), default=7, show_default=True, help="The greatest age of links, in days."
)
@click.option("--dry-run", is_flag=True, help="Only count the links that would be tried.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def refresh_previews(limit: int, days: int, dry_run: bool, as_json: bool) -> None:
    """Try again to fetch the pages of links without a preview, those with the fewest attempts first.

    Run it by cron or a timer; several runs at once are safe. It takes at most SCAPI_PREVIEW_SECONDS per link.
    """
    if dry_run:
        count = refreshing.count(limit, timedelta(days=days))
        click.echo(json.dumps({"dry_run": True, "tried": count}) if as_json else f"would try {count} previews")
        return
    read_only.refuse_command()
    done = refreshing.refresh(limit, timedelta(days=days))
    said = f"tried {done.tried} previews: {done.ready} ready, {done.tried - done.ready} not"
    click.echo(json.dumps({"dry_run": False, **asdict(done)}) if as_json else said)
