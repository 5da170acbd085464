"""`scapi check`."""

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from scapi import storage as storages
from scapi.database import db, now
from scapi.exits import Exit
from scapi.housekeeping import notes
from scapi.housekeeping.check import marker, mending
from scapi.housekeeping.check.findings import Findings, Kind
from scapi.housekeeping.check.scan import PROGRESS, Census, Options, Scan
from scapi.housekeeping.progress import progress
from scapi.media import places
from scapi.media.models import MediaFile
from scapi.settings import settings

DAY = 24 * 3600


@click.command("check")
@click.option("--bytes", "read", is_flag=True, help="Read every file and compare its MD5.")
@click.option("--fix", is_flag=True, help="Mark media whose files are lost, and remove orphans.")
@click.option("--dry-run", is_flag=True, help="With --fix: only print what it would change, or why it would not.")
@click.option(
    "--orphans-older-than",
    type=click.IntRange(min=0),
    default=DAY,
    show_default=True,
    metavar="SECONDS",
    help="Ignore younger files: their uploads may be running. Use 0 only while nothing is written.",
)
@click.option(
    "--expect",
    type=click.IntRange(min=0),
    metavar="N",
    help="Change exactly this many files, even if they are more than 1 %.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Files to read at the same time."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def check(
    read: bool, fix: bool, dry_run: bool, orphans_older_than: int, expect: int | None, jobs: int, as_json: bool
) -> None:
    """Compare files and rows: find lost files, damaged files, and files without a row.

    It may run while the server runs. With --bytes it continues a stopped check. --fix changes at most 1 % of the files
    or media, and nothing if a storage is empty or has another database's files, unless --expect says how many files are
    changed. A lost file is marked: its URL answers 410 until a check finds the file again.
    """
    fixes = fix and not dry_run
    before = now() - timedelta(seconds=orphans_older_than)
    options = Options(read, jobs, before, fixes, writes=fixes or not settings.read_only)
    with Findings() as findings:
        all_is_well = _run(options, findings, expect, as_json, asked=fix)
    if not all_is_well:
        sys.exit(Exit.FAILED)


def _run(options: Options, findings: Findings, expected: int | None, as_json: bool, *, asked: bool) -> bool:
    """Check, repair and report; return whether no problem is left. `asked`: whether --fix was given."""
    census = Census()
    _scan(options, findings, census)
    objections = list(mending.objections(findings, census, expected)) if asked else []
    mended = 0
    if options.fix and not objections:
        mended = sum(mending.mend(finding) for finding in findings)
        for name in set(storages.names()) - {*census.anothers, *census.unknown}:
            marker.write(storages.of(name))
    _report(findings, census, mended, objections, as_json, asked=asked)
    return not objections and not census.unknown and mended == sum(findings.counts.values())


def _scan(options: Options, findings: Findings, census: Census) -> None:
    names = sorted({*places.named(), *storages.names()})
    note = notes.read(PROGRESS) if options.read else None
    if note and note["storage"] in names:
        click.echo(f"continues a stopped check after {note['after']} in {note['storage']}", err=True)
        names = names[names.index(note["storage"]) :]
    total = db.session.scalar(select(func.count()).select_from(MediaFile))
    db.session.rollback()
    with progress("files", total) as met:
        for name in names:
            Scan(name, options, findings, census, met).run()
    if options.read and options.writes:
        notes.forget(PROGRESS)


def _report(
    findings: Findings, census: Census, mended: int, objections: list[str], as_json: bool, *, asked: bool
) -> None:
    if as_json:
        _report_json(findings, census, mended, objections)
        return
    for finding in findings:
        click.echo(str(finding))
    for name in census.anothers:
        click.echo(marker.complaint(name), err=True)
    for name in census.unknown:
        click.echo(f"{name} has files, but this database names none of them: is it the right database?", err=True)
    counted = ", ".join(f"{findings.counts[kind]} {kind}" for kind in Kind)
    click.echo(f"checked {census.rows} files, {census.read} of them by their bytes: {counted}")
    if census.elsewhere:
        click.echo(f"{census.elsewhere} files are copies whose rows are in another storage")
    if census.found_again:
        click.echo(f"{census.found_again} files that were marked as lost have been found again")
    if mended:
        click.echo(f"mended {mended}")
    if asked:
        _report_mending(mending.changes(findings, census), mended, objections)


def _report_mending(wanted: int, mended: int, objections: list[str]) -> None:
    for objection in objections:
        click.echo(f"nothing was changed: {objection}", err=True)
    if objections:
        click.echo(f"if this is right, run it again with --expect {wanted}", err=True)
    elif wanted and not mended:
        click.echo(f"would change {wanted} files")


def _report_json(findings: Findings, census: Census, mended: int, objections: list[str]) -> None:
    counts: dict[str, Any] = {kind.value: findings.counts[kind] for kind in Kind}
    said = {**asdict(census), **counts, "mended": mended, "objections": objections}
    click.echo(json.dumps(said)[:-1] + ', "findings": [')
    for number, finding in enumerate(findings):
        click.echo((", " if number else "") + json.dumps(asdict(finding)))
    click.echo("]}")
