"""`scapi sweep`: removes what is over."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import click
from flask import current_app
from flask.cli import with_appcontext

from scapi.database import now
from scapi.events import outbox
from scapi.housekeeping import sweeps
from scapi.media import files
from scapi.sweeping import Due, Task
from scapi.uploads import expiry
from storage_backends import StorageError

SWEEP: list[tuple[str, Callable[[Due], Iterator[Task]]]] = [
    ("expired uploads", expiry.expired),
    ("rows of ended uploads", expiry.ended),
    ("leftovers", expiry.leftovers),
    ("deleted files", files.stale),
    ("old webhooks", outbox.ended),
]
"""What `scapi sweep` removes, in this order."""


@click.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="Remove unfinished uploads that began this long ago, even if they have not expired.",
)
@with_appcontext
def sweep(dry_run: bool, older_than: int | None) -> None:
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
