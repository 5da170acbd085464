"""`scapi housekeeping`: all periodic work."""

import os
import signal
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from scapi.housekeeping.jobs import JOBS, Job, Loop, run_once


@click.command("housekeeping")
@click.option("--once", is_flag=True, help="Do what is due now, then end: for cron.")
@click.option("--job", "names", type=click.Choice([job.name for job in JOBS]), multiple=True, help="Only this job.")
@click.option("--parent", type=int, metavar="PID", help="End when the parent process, which has this id, ends.")
@with_appcontext
def housekeeping(once: bool, names: tuple[str, ...], parent: int | None) -> None:
    """Sweep, fetch missing previews again and deliver webhooks, until it is told to stop.

    It may run several times at once, on one host or on several.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    chosen = [job for job in JOBS if not names or job.name in names]
    failed = run_once(app, chosen, lambda: False) if once else _repeat(app, chosen, parent)
    if failed:
        click.echo(f"failed: {', '.join(failed)}", err=True)
        sys.exit(1)


def _repeat(app: Flask, jobs: list[Job], parent: int | None) -> list[str]:
    loop = Loop(app, jobs)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    return loop.run(lambda: parent is None or os.getppid() == parent)
