"""`scapi storage`: where the files are."""

import json
import sys
from dataclasses import asdict

import click
from flask.cli import AppGroup

from scapi import storage as storages
from scapi.exits import Exit
from scapi.housekeeping import copying
from scapi.housekeeping.check import marker
from scapi.housekeeping.copying import Copied
from scapi.housekeeping.progress import progress
from scapi.media import places

storage = AppGroup("storage", help="Where the files are.")


@storage.command("copy")
@click.option("--to", "target", required=True, metavar="NAME", help="`local`, `s3`, or the name of a plug-in.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Files to copy at the same time."
)
@click.option("--dry-run", is_flag=True, help="Only count the files that would be copied.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def copy(target: str, jobs: int, dry_run: bool, as_json: bool) -> None:
    """Copy every file to another storage, verify it, and serve it from there.

    It may run while the server runs, be stopped, and run again. The settings must name both storages, as SCAPI_STORAGE
    and SCAPI_STORAGE_BEFORE. Copied files also stay in the old storage, until you remove it.
    """
    if target not in storages.names():
        raise click.UsageError(
            f"the settings do not name the storage {target}; expected one of: {', '.join(storages.names())}"
        )
    if marker.is_anothers(storages.of(target)):
        raise click.ClickException(f"{target} has the files of another database, named in the object {marker.KEY}")
    waiting = copying.waiting(target)
    if dry_run:
        said = {"dry_run": True, **asdict(waiting)}
        click.echo(json.dumps(said) if as_json else f"would copy {waiting.files} files of {waiting.bytes} bytes")
        return
    marker.write(storages.of(target))
    total = Copied()
    with progress("files", waiting.files) as done:
        for source in sorted(places.named() - {target}):
            copying.copy(source, target, jobs, total, done, lambda text: click.echo(text, err=True))
    left = copying.waiting(target)
    _report(target, total, left, as_json)
    if total.failed:
        sys.exit(Exit.FAILED)


def _report(target: str, copied: Copied, left: copying.Waiting, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"dry_run": False, **asdict(copied), "left": asdict(left)}))
        return
    click.echo(f"copied {copied.files} files of {copied.bytes} bytes to {target}; {copied.failed} failed")
    if left.files:
        click.echo(f"{left.files} files are still in other storages: run it again")
    if left.uploads:
        click.echo(f"{left.uploads} unfinished uploads stay in the old storage: run it again when they have ended")
