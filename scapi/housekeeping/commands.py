"""`scapi housekeeping`: all periodic work."""

import json
import os
import signal
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from scapi.exits import Exit
from scapi.housekeeping.jobs import JOBS, Job, Loop, run_once


@click.command("housekeeping")
@click.option("--once", is_flag=True, help="Do the due work, then end: for cron.")
@click.option("--job", "names", type=click.Choice([job.name for job in JOBS]), multiple=True, help="Only this job.")
@click.option("--parent", type=int, metavar="PID", help="End when the parent process, which has this id, ends.")
@click.option("--dry-run", is_flag=True, help="Only count the due work, then end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@with_appcontext
def housekeeping(once: bool, names: tuple[str, ...], parent: int | None, dry_run: bool, as_json: bool) -> None:
    """Sweep, fetch missing previews again, make pictures and deliver webhooks, until it is stopped.

    It may run several times at once, on one host or on several.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    chosen = [job for job in JOBS if not names or job.name in names]
    if dry_run:
        _say_due({job.name: job.count() for job in chosen}, as_json)
        return
    failed = run_once(app, chosen, lambda: False) if once else _repeat(app, chosen, parent)
    if as_json:
        click.echo(json.dumps({"dry_run": False, "jobs": [job.name for job in chosen], "failed": failed}))
    if failed:
        click.echo(f"failed: {', '.join(failed)}", err=True)
        sys.exit(Exit.FAILED)


def _say_due(due: dict[str, int], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"dry_run": True, "due": due}))
        return
    for name, count in due.items():
        click.echo(f"{name}: {count} due")


def _repeat(app: Flask, jobs: list[Job], parent: int | None) -> list[str]:
    loop = Loop(app, jobs)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    return loop.run(lambda: parent is None or os.getppid() == parent)
