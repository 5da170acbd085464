"""Every metric of scapi; docs/watching.md says how to use each.

Under gunicorn each worker writes its own files in PROMETHEUS_MULTIPROC_DIR, and any worker can answer for all. The
files are named by the worker's number, not by its process id: the successor of a dead worker continues its counts, so
nothing is lost and the number of files does not grow.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
WORKER = os.environ.get("SCAPI_WORKER", "")
"""Set by scapi/server. Without it, the metrics are those of this process alone."""

if FOLDER and WORKER:
    values.ValueClass = values.MultiProcessValue(lambda: WORKER)  # type: ignore[no-untyped-call]

disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Buckets: a chunk on a fast disk takes a few milliseconds, a client's timeout is 30 seconds."""

REGISTRY = CollectorRegistry()

REQUEST_SECONDS = Histogram(
    "scapi_request_seconds",
    "Requests by operation, and the seconds until their answer was ready",
    ["method", "route", "outcome", "storage"],
    buckets=SECONDS,
    registry=REGISTRY,
)
REQUESTS_IN_PROGRESS = Gauge(
    "scapi_requests_in_progress",
    "Requests in progress; each occupies a thread",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
ERRORS = Counter("scapi_errors", "Error answers by the code in their body", ["code", "status"], registry=REGISTRY)
UPLOADS_BEGUN = Counter("scapi_uploads_begun", "Uploads whose first chunk was stored", registry=REGISTRY)
UPLOADS_COMPLETED = Counter("scapi_uploads_completed", "Uploads that became a media", registry=REGISTRY)
UPLOADS_ABORTED = Counter("scapi_uploads_aborted", "Uploads that their client aborted", registry=REGISTRY)
RECEIVED_BYTES = Counter("scapi_received_bytes", "Bytes of chunks that were stored", registry=REGISTRY)
COMPLETED_BYTES = Counter("scapi_completed_bytes", "Bytes of the uploads that became a media", registry=REGISTRY)
STORAGE_SECONDS = Histogram(
    "scapi_storage_seconds",
    "Calls of the storage backend and the seconds they took",
    ["storage", "operation", "outcome"],
    buckets=SECONDS,
    registry=REGISTRY,
)
INSPECTION_SECONDS = Histogram(
    "scapi_inspection_seconds",
    "Inspected files by the kind of job, and the seconds that the inspection took, without waiting for its turn",
    ["job"],
    buckets=SECONDS,
    registry=REGISTRY,
)
PREVIEW_SECONDS = Histogram(
    "scapi_preview_seconds",
    "Previews of links that were tried and the seconds they took",
    ["outcome"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
