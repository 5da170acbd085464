"""The operator's endpoints: `/healthz`, `/readyz` and `/metrics`."""

from hmac import compare_digest

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from scapi import metrics
from scapi.http import errors
from scapi.http.auth import WATCHING
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.watching import health
from scapi.watching.readings import Readings

blueprint = Blueprint(WATCHING, __name__)

# Each has exactly one address, without a trailing slash: a proxy in front may have a rule for that address.


@blueprint.get("/healthz", strict_slashes=True)
def alive() -> Response:
    """Answer 200 as long as this process can answer. Uses nothing else."""
    return jsonify(status="alive")


@blueprint.get("/readyz", strict_slashes=True)
def ready() -> Response:
    """Answer 200 if the database can be written and the storage reached; otherwise 503 and the reason."""
    parts = health.parts()
    away = ["schema" if state == health.OUTDATED else name for name, state in parts.items() if state != health.READY]
    return errors.unavailable(away, **parts) if away else jsonify(parts)


@blueprint.get("/metrics", strict_slashes=True)
def read_metrics() -> Response:
    """Answer the metrics in Prometheus' text format; needs `SCAPI_METRICS_TOKEN`. Without this setting: 404."""
    token = settings.metrics_token
    if not token:
        abort(404)
    if not compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        raise Refused("invalid_token", "this needs the bearer token of SCAPI_METRICS_TOKEN in the Authorization header")
    registry = CollectorRegistry()
    if metrics.FOLDER:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(metrics.REGISTRY)
    registry.register(Readings())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
