"""`scapi sweep`: removes expired things one at a time, in bounded memory."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import click
from flask import current_app
from flask.cli import with_appcontext

from scapi import storage as storages
from scapi.database import now
from scapi.events import outbox
from scapi.exits import Exit
from scapi.housekeeping import ownership, sweeps
from scapi.http import read_only
from scapi.media import files
from scapi.resumable import resources as resumable
from scapi.sweeping import Due, Task
from scapi.tus import resources as tus
from scapi.uploads import expiry
from storage_backends import StorageError

SWEEP: list[tuple[str, Callable[[Due], Iterator[Task]]]] = [
    ("expired uploads", expiry.expired),
    ("rows of ended uploads", expiry.ended),
    ("ended tus uploads", tus.over),
    ("ended upload resources", resumable.over),
    ("leftovers", expiry.leftovers),
    ("deleted files", files.stale),
    ("old webhooks", outbox.ended),
]
"""The kinds of things to remove, in this order."""

BY_STORAGE = ("leftovers", "deleted files")
"""What is looked for in whole storages, or deleted in all of them: only if they have this database's files."""


@dataclass(slots=True)
class Swept:
    """The result of a sweep for one kind of thing."""

    label: str
    removed: int = 0
    failed: int = 0


def run(due: Due, stopped: Callable[[], bool] = lambda: False) -> list[Swept]:
    """Remove what has expired, and record the numbers. May raise StorageError if a storage cannot be listed."""
    done = []
    for label, find in SWEEP:
        swept = Swept(label)
        done.append(swept)
        try:
            for task in _found(swept, find, due):
                _remove(task, swept)
                if stopped():
                    return done
        finally:
            sweeps.record(label, swept.removed, swept.failed)
    return done


def count(due: Due) -> list[Swept]:
    """Return the numbers of things that `run` would remove now."""
    done = []
    for label, find in SWEEP:
        swept = Swept(label)
        swept.removed = sum(1 for _ in _found(swept, find, due))
        done.append(swept)
    return done


def _found(swept: Swept, find: Callable[[Due], Iterator[Task]], due: Due) -> Iterator[Task]:
    """Yield expired things; none if a storage may not belong to this database. If that is certain, count a failure."""
    if swept.label in BY_STORAGE:
        for name in storages.names():
            if objection := ownership.objection(name):
                current_app.logger.error("%s are not swept: %s", swept.label, objection.why)
                swept.failed += objection.is_certain
                return
    yield from find(due)


def _remove(task: Task, swept: Swept) -> None:
    try:
        task.run()
        swept.removed += 1
    except StorageError:
        current_app.logger.exception("%s could not be removed", task.name)
        swept.failed += 1


@click.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only count the things that would be removed.")
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="Remove unfinished uploads that began this long ago, even if they have not expired.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def sweep(dry_run: bool, older_than: int | None, as_json: bool) -> None:
    """Remove expired uploads, leftovers of crashed requests, files of deleted media, and old webhooks.

    `housekeeping` does this every 15 minutes. Several sweeps may run at once, also during uploads. --older-than must be
    longer than any request takes. Files are left alone where a storage seems to be another database's, or to be empty:
    `scapi doctor` and `scapi check` say more.
    """
    if not dry_run:
        read_only.refuse_command()
    due = Due.at(now(), None if older_than is None else timedelta(seconds=older_than))
    done = count(due) if dry_run else run(due)
    failed = sum(swept.failed for swept in done)
    if as_json:
        removed = {swept.label: swept.removed for swept in done}
        click.echo(json.dumps({"dry_run": dry_run, "removed": removed, "failed": failed}))
    else:
        counted = ", ".join(f"{swept.removed} {swept.label}" for swept in done)
        click.echo(f"{'would remove' if dry_run else 'removed'} {counted}; {failed} failed")
    if failed:
        sys.exit(Exit.FAILED)
