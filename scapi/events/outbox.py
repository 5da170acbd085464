"""The rows of the outbox: written with the change, claimed by one deliverer at a time, removed by the sweeper."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from scapi.database import db, now, stream_keys
from scapi.events.models import Delivery, DeliveryStatus
from scapi.events.signals import SIGNALS, Event, EventType
from scapi.http.bodies import iso
from scapi.settings import settings
from scapi.sweeping import Due, Task

LEASE = timedelta(minutes=5)
"""How long a claim of a delivery lasts: longer than one attempt can take."""

PAUSES = [timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)]
"""The pause after each failed attempt; three days in all (Standard Webhooks 1.0.0, retry schedule)."""

KEEP_DELIVERED = timedelta(days=1)
KEEP_FAILED = timedelta(days=30)
"""How long failed deliveries are kept."""

MAX_PROBLEM = 200


def is_heard(kind: EventType) -> bool:
    """Return whether a receiver or a webhook URL listens for such events. Otherwise no event is made."""
    return bool(SIGNALS[kind].receivers or settings.webhook_urls)


def keep(events: Iterable[Event]) -> None:
    """Write events to the outbox in the current transaction: they are sent if, and only if, it is committed."""
    urls = settings.webhook_urls
    for event in events if urls else ():
        said = {"type": event.type, "timestamp": iso(event.timestamp), "data": event.data}
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        db.session.add_all(Delivery(event_id=event.id, type=event.type, url=url, body=body) for url in urls)


def due(limit: int) -> list[tuple[int, str]]:
    """Return ids and URLs of due deliveries, the longest waiting first."""
    waiting = select(Delivery.id, Delivery.url).where(*_is_due())
    found = db.session.execute(waiting.order_by(Delivery.due_at, Delivery.id).limit(limit)).all()
    db.session.rollback()
    return [(row.id, row.url) for row in found]


def count_due() -> int:
    """Return how many deliveries are due."""
    found = db.session.scalar(select(func.count()).select_from(Delivery).where(*_is_due())) or 0
    db.session.rollback()
    return found


def _is_due() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Delivery.status == DeliveryStatus.PENDING, Delivery.due_at <= now()


def claim(delivery_id: int) -> Delivery | None:
    """Claim a delivery and count the attempt; return None if another process has claimed it.

    If the claiming process dies, another one can claim the delivery after LEASE.
    """
    moment = now()
    first = (
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.status == DeliveryStatus.PENDING, Delivery.due_at <= moment)
        .values(due_at=moment + LEASE, attempts=Delivery.attempts + 1)
        .returning(Delivery)
    )
    delivery = db.session.scalar(first)
    if delivery is not None:
        db.session.expunge(delivery)
    db.session.commit()
    return delivery


def delivered(delivery: Delivery) -> None:
    """Record that a claimed delivery has arrived."""
    _settle(delivery, DeliveryStatus.DELIVERED, timedelta(0), None)


def put_off(delivery: Delivery, problem: str) -> None:
    """Record that an attempt has failed: the next one follows after a pause, or the delivery has failed."""
    if delivery.attempts > len(PAUSES):
        give_up(delivery, problem)
    else:
        _settle(delivery, DeliveryStatus.PENDING, PAUSES[delivery.attempts - 1], problem)


def give_up(delivery: Delivery, problem: str) -> None:
    """Record that a delivery has failed for good."""
    _settle(delivery, DeliveryStatus.FAILED, timedelta(0), problem)


def failed() -> int:
    """Return the number of deliveries that have failed for good."""
    count = db.session.scalar(select(func.count()).where(Delivery.status == DeliveryStatus.FAILED))
    db.session.rollback()
    return count or 0


def revive() -> int:
    """Make failed deliveries due again, as if they had never been tried; return how many."""
    again = update(Delivery).where(Delivery.status == DeliveryStatus.FAILED).returning(Delivery.id)
    ids = db.session.scalars(again.values(status=DeliveryStatus.PENDING, attempts=0, due_at=now())).all()
    db.session.commit()
    return len(ids)


def ended(due: Due) -> Iterator[Task]:
    """Yield the deliveries that ended long ago, for the sweeper."""
    over = or_(
        (Delivery.status == DeliveryStatus.DELIVERED) & (Delivery.due_at <= due.now - KEEP_DELIVERED),
        (Delivery.status == DeliveryStatus.FAILED) & (Delivery.due_at <= due.now - KEEP_FAILED),
    )
    for delivery_id in stream_keys(Delivery.id, over):
        yield Task(f"webhook {delivery_id}", partial(_remove, delivery_id))


def _settle(delivery: Delivery, status: DeliveryStatus, pause: timedelta, problem: str | None) -> None:
    """Record the result of an attempt, unless it took so long that another attempt has begun."""
    mine = update(Delivery).where(
        Delivery.id == delivery.id,
        Delivery.status == DeliveryStatus.PENDING,
        Delivery.attempts == delivery.attempts,
    )
    said = problem and problem[:MAX_PROBLEM]
    db.session.execute(mine.values(status=status, due_at=now() + pause, problem=said))
    db.session.commit()


def _remove(delivery_id: int) -> None:
    db.session.execute(delete(Delivery).where(Delivery.id == delivery_id))
    db.session.commit()
