"""`scapi media`: the files of media."""

import sys
from collections import Counter

import click
from flask.cli import AppGroup

from scapi.media import cleanup
from scapi.media.cleanup import Outcome
from scapi.settings import settings

media = AppGroup("media", help="The files of media.")


@media.command("clean")
@click.option("--dry-run", is_flag=True, help="Only count what would be cleaned; every file is read.")
@click.option("--left", is_flag=True, help="Only print how many files are left; no file is read.")
def clean(dry_run: bool, left: bool) -> None:
    """Remove metadata from images that were stored before the present rules.

    A cleaned file takes the place of the one that is served, under the same URL, and the event `media.updated` names
    what to purge from caches. It may be stopped at any time, goes on where it was, and may run while scapi does.
    """
    if left:
        click.echo(str(cleanup.left()))
        return
    if not settings.strip_metadata:
        raise click.UsageError("SCAPI_STRIP_METADATA is false: images are served as they came")
    done: Counter[Outcome] = Counter()
    for result in cleanup.clean(dry_run=dry_run):
        done[result.outcome] += 1
    click.echo(
        f"{'would clean' if dry_run else 'cleaned'} {done[Outcome.CLEANED]} files; "
        f"{done[Outcome.UNCHANGED]} had nothing to remove; {done[Outcome.FAILED]} failed; {cleanup.left()} are left"
    )
    if done[Outcome.FAILED]:
        sys.exit(1)
