"""The commands of scapi itself, beside those of the extensions (`flask db`, `flask openapi`)."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from scapi.database import now
from scapi.events import outbox
from scapi.events.commands import webhooks
from scapi.http import auth
from scapi.media import files
from scapi.media.links import previews as link_previews
from scapi.sweeping import Due, Task
from scapi.uploads import expiry
from scapi.watching import sweeps
from storage_backends import StorageError

token = AppGroup("token", help="Bearer tokens.")
uploads = AppGroup("uploads", help="Unfinished uploads.")
previews = AppGroup("previews", help="Previews of links.")

SWEEP: list[tuple[str, Callable[[Due], Iterator[Task]]]] = [
    ("expired uploads", expiry.expired),
    ("rows of ended uploads", expiry.ended),
    ("leftovers", expiry.leftovers),
    ("deleted files", files.stale),
    ("old webhooks", outbox.ended),
]
"""What `flask uploads expire` removes, in this order."""


def register(app: Flask) -> None:
    """Add scapi's commands to `flask`."""
    app.cli.add_command(token)
    app.cli.add_command(uploads)
    app.cli.add_command(previews)
    app.cli.add_command(webhooks)


@token.command("create")
@click.option("--user", type=click.IntRange(0, auth.MAX_USER_ID), required=True, help="The user's id.")
@click.option("--hours", type=click.IntRange(min=1), default=24, show_default=True, help="How long it is valid.")
@click.option("--admin", is_flag=True, help="The user is an admin.")
def create_token(user: int, hours: int, admin: bool) -> None:
    """Print a token for trying things out."""
    secret = current_app.config["SCAPI_JWT_SECRET"]
    click.echo(auth.make_token(user, secret, timedelta(hours=hours), admin=admin))


@uploads.command("expire")
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="Remove unfinished uploads that began this long ago, even if they have not expired.",
)
def expire_uploads(dry_run: bool, older_than: int | None) -> None:
    """Remove expired uploads, what crashed requests left behind, files whose media are gone, and old webhooks.

    Run it by cron or a timer; it may run several times at once and while uploads go on. With --older-than, do not go
    below what a request may take.
    """
    due = Due.at(now(), None if older_than is None else timedelta(seconds=older_than))
    failed = 0
    done = []
    for label, find in SWEEP:
        tasks = list(find(due))
        if not dry_run:
            failed_here = _run(label, tasks)
            sweeps.record(label, len(tasks) - failed_here, failed_here)
            failed += failed_here
        done.append(f"{len(tasks)} {label}")
    click.echo(f"{'would remove' if dry_run else 'removed'} {', '.join(done)}; {failed} failed")
    if failed:
        sys.exit(1)


@previews.command("refresh")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many to try.")
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="How old links may be.")
def refresh_previews(limit: int, days: int) -> None:
    """Try again the links whose page could not be had, the newest first.

    Run it by cron or a timer; it may run several times at once. It takes SCAPI_PREVIEW_SECONDS per link at most.
    """
    done = link_previews.refresh(limit, timedelta(days=days))
    click.echo(f"tried {done.tried} previews: {done.ready} ready, {done.tried - done.ready} not")


def _run(label: str, tasks: list[Task]) -> int:
    """Run the tasks behind a progress bar, which only a terminal shows; return how many failed."""
    failed = 0
    with click.progressbar(tasks, label=label, hidden=not sys.stdout.isatty()) as bar:
        for task in bar:
            try:
                task.run()
            except StorageError:
                current_app.logger.exception("%s could not be removed", task.name)
                failed += 1
    return failed
