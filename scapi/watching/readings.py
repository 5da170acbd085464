"""The metrics that are computed on request, most of them from the database: the same on every host."""

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, Connection, func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from scapi.database import UPLOADS_BIND, db, now
from scapi.housekeeping.sweeps import Sweep
from scapi.media.models import Media
from scapi.settings import settings
from scapi.uploads.models import Status, Upload
from scapi.watching import health

COUNTED = 100_000
"""The most rows to count: counting further takes longer and tells an operator nothing more."""


class Readings(Collector):
    """Computes the metrics when they are read, in an application context. Values that cannot be read are left out."""

    def collect(self) -> Iterator[Metric]:
        about = {"version": version("scapi"), "storage": settings.storage}
        yield InfoMetricFamily("scapi", "The running version", about)
        ready = GaugeMetricFamily(
            "scapi_ready", "Whether the database and the storage answer (1 or 0)", labels=["part"]
        )
        parts = health.parts()
        for part, state in parts.items():
            ready.add_metric([part], state == health.READY)
        yield ready
        if parts["database"] == health.READY:
            try:
                with db.engines[UPLOADS_BIND].connect() as connection:
                    found = [*_uploads(connection), *_renditions(connection), *_sweeps(connection)]
            except SQLAlchemyError:  # it went away just now: the next reading reports that
                return
            yield from found


def _uploads(connection: Connection) -> Iterator[Metric]:
    uploading = Upload.status == Status.UPLOADING
    yield GaugeMetricFamily(
        "scapi_uploads_unfinished",
        f"Uploads that are under way, {COUNTED} for that many or more",
        _count(connection, uploading),
    )
    yield GaugeMetricFamily(
        "scapi_uploads_overdue",
        f"Uploads that have expired and still wait for the sweeper, {COUNTED} for that many or more",
        _count(connection, uploading & (Upload.expires_at <= now())),
    )


def _renditions(connection: Connection) -> Iterator[Metric]:
    waiting = Media.renditions_due_at.is_not(None)
    yield GaugeMetricFamily(
        "scapi_renditions_waiting",
        f"Media whose renditions are to be made, {COUNTED} for that many or more",
        _count(connection, waiting),
    )
    since = connection.execute(select(func.min(Media.renditions_due_at)).where(waiting)).scalar_one()
    yield GaugeMetricFamily(
        "scapi_renditions_oldest_seconds",
        "Seconds for which the media that waits longest for its renditions has waited",
        0 if since is None else max(0.0, (now() - since).total_seconds()),
    )


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    rows = select(literal(1)).where(condition).limit(COUNTED).subquery()
    return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def _sweeps(connection: Connection) -> Iterator[Metric]:
    swept = CounterMetricFamily("scapi_swept", "Things that the sweeper removed", labels=["what"])
    failed = CounterMetricFamily("scapi_sweep_failures", "Things that the sweeper could not remove", labels=["what"])
    last = GaugeMetricFamily("scapi_last_sweep_timestamp_seconds", "When the last sweep ended", labels=["what"])
    for sweep in connection.execute(select(Sweep.__table__).order_by(Sweep.what)):
        swept.add_metric([sweep.what], sweep.removed)
        failed.add_metric([sweep.what], sweep.failed)
        last.add_metric([sweep.what], sweep.last_at.timestamp())
    yield from (swept, failed, last)
