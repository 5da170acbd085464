"""`scapi webhooks`: the operator's commands for the outbox."""

import json
import signal
import threading
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import select

from scapi.database import db
from scapi.events import delivery, outbox
from scapi.events.models import Delivery, DeliveryStatus
from scapi.http import read_only
from scapi.http.bodies import iso

webhooks = AppGroup("webhooks", help="Events for other services.")


@webhooks.command("deliver")
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="The most deliveries to try."
)
@click.option(
    "--watch", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Keep running, with pauses, until stopped."
)
@click.option("--dry-run", is_flag=True, help="Only count the events that are due.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each run.")
def deliver(limit: int, watch: float | None, dry_run: bool, as_json: bool) -> None:
    """Send the events that are due to SCAPI_WEBHOOK_URLS.

    Run it by cron, or as a service with --watch. Several runs at once are safe.
    """
    if dry_run:
        due = len(outbox.due(limit))
        click.echo(json.dumps({"dry_run": True, "due": due}) if as_json else f"would try {due} deliveries")
        return
    read_only.refuse_command()
    stopped = threading.Event()
    if watch is not None:
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    while not stopped.is_set():
        done = delivery.run(limit)
        if done.tried or watch is None:
            said = f"tried {done.tried} deliveries: {done.arrived} arrived, {done.tried - done.arrived} not"
            click.echo(json.dumps({"dry_run": False, **asdict(done)}) if as_json else said)
        if watch is None:
            return
        if done.arrived < limit:
            stopped.wait(watch)


@webhooks.command("list")
@click.option("--status", type=click.Choice([*DeliveryStatus]), help="Only these.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="The most deliveries to show, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_deliveries(status: str | None, limit: int, as_json: bool) -> None:
    """Show the deliveries: pending, failed (with the reason), and recently delivered."""
    rows = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
    found = db.session.scalars(rows if status is None else rows.where(Delivery.status == status)).all()
    if as_json:
        click.echo(json.dumps([_described(row) for row in found]))
        return
    for row in found:
        moment = f"{'next' if row.status == DeliveryStatus.PENDING else 'at'} {iso(row.due_at)}"
        parts = [row.status, row.event_id, row.type, row.url, f"{row.attempts} attempts", moment, row.problem]
        click.echo("  ".join(part for part in parts if part))


def _described(row: Delivery) -> dict[str, Any]:
    names = ("status", "event_id", "type", "url", "attempts", "problem")
    return {**{name: getattr(row, name) for name in names}, "due_at": iso(row.due_at)}


@webhooks.command("retry")
@click.option("--dry-run", is_flag=True, help="Only count the failed deliveries.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def retry(dry_run: bool, as_json: bool) -> None:
    """Make the failed deliveries due again and reset their attempts."""
    if not dry_run:
        read_only.refuse_command()
    count = outbox.failed() if dry_run else outbox.revive()
    said = f"{count} deliveries {'would be' if dry_run else 'are'} due again"
    click.echo(json.dumps({"dry_run": dry_run, "due": count}) if as_json else said)
