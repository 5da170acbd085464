"""`scapi previews`: previews of links."""

from datetime import timedelta

import click
from flask.cli import AppGroup

from scapi.media.links import refreshing

previews = AppGroup("previews", help="Previews of links.")


@previews.command("refresh")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many to try.")
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="How old links may be.")
def refresh_previews(limit: int, days: int) -> None:
    """Try again the links whose page could not be had, those that were tried least first.

    Run it by cron or a timer; it may run several times at once. It takes SCAPI_PREVIEW_SECONDS per link at most.
    """
    done = refreshing.refresh(limit, timedelta(days=days))
    click.echo(f"tried {done.tried} previews: {done.ready} ready, {done.tried - done.ready} not")
