"""`/metrics` of a real server: the counts of all workers, also of dead ones."""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests import client, files, running, servers
from tests.client import CHUNK, COMPLETE, refusal
from tests.conftest import token
from tests.previews import sites
from tests.previews.sites import Answer, Site
from tests.running import ROOT, Server

TOKEN = "prometheus-0123456789"
PHOTO = files.jpeg()
PATIENCE = 30
NAME = re.compile(r"\bscapi_[a-z_]+")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A web server that previews may reach."""
    with sites.serving() as site:
        site.put("/page", Answer("<title>A page</title>"))
        yield site


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system's temporary folder, as the server sees it."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def server(
    site: Site, temporary: Path, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = {
        "SCAPI_DATABASE_URL": new_database("sqlite"),
        "SCAPI_METRICS_TOKEN": TOKEN,
        "SCAPI_PREVIEW_ALLOW": "127.0.0.1",
        "SCAPI_PREVIEW_PORTS": str(site.port),
        "TMPDIR": str(temporary),
    }
    with running.scapi(tmp_path_factory.mktemp("server"), **settings) as server:
        yield server
    assert not list(temporary.glob("scapi-metrics-*"))  # nothing is left after it was stopped


def scrape(server: Server) -> dict[str, Metric]:
    answer = server.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {metric.name: metric for metric in text_string_to_metric_families(answer.text)}


def value(metrics: dict[str, Metric], sample_name: str, **labels: str) -> float:
    """Return the sum of the samples of that name that have these labels."""
    samples = [sample for metric in metrics.values() for sample in metric.samples if sample.name == sample_name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def counted(server: Server) -> dict[str, float]:
    """Return the metrics that the tests of uploads expect to grow."""
    found = scrape(server)
    chunk = {"method": "POST", "route": CHUNK, "outcome": "ok", "storage": "local"}
    return {
        "begun": value(found, "scapi_uploads_begun_total"),
        "completed": value(found, "scapi_uploads_completed_total"),
        "aborted": value(found, "scapi_uploads_aborted_total"),
        "received": value(found, "scapi_received_bytes_total"),
        "completed bytes": value(found, "scapi_completed_bytes_total"),
        "chunks": value(found, "scapi_request_seconds_count", **chunk),
        "completes": value(found, "scapi_request_seconds_count", method="POST", route=COMPLETE, outcome="ok"),
        "writes": value(found, "scapi_storage_seconds_count", storage="local", operation="write", outcome="ok"),
    }


def grown(before: dict[str, float], uploads: int, aborted: int = 0) -> dict[str, float]:
    """Return `before` plus `uploads` completed photos of two chunks each and `aborted` ones of one chunk."""
    half = len(PHOTO) // 2
    more = {
        "begun": uploads + aborted,
        "completed": uploads,
        "aborted": aborted,
        "received": uploads * len(PHOTO) + aborted * half,
        "completed bytes": uploads * len(PHOTO),
        "chunks": 2 * uploads + aborted,
        "completes": uploads,
        "writes": 2 * uploads + aborted,
    }
    return {name: before[name] + more[name] for name in before}


def upload(server: Server) -> None:
    """Upload the photo in two chunks, on three connections, which can reach different workers."""
    half = len(PHOTO) // 2
    upload_id = client.send_chunk(server, PHOTO[:half], 0, len(PHOTO)).json()["upload_id"]
    client.send_chunk(server, PHOTO[half:], half, len(PHOTO), upload_id=upload_id)
    assert client.complete(server, upload_id, client.md5(PHOTO)).status_code == 201


def begin(server: Server) -> str:
    upload_id: str = client.send_chunk(server, PHOTO[: len(PHOTO) // 2], 0, len(PHOTO)).json()["upload_id"]
    return upload_id


def test_what_all_workers_counted_adds_up_and_survives_them(server: Server, temporary: Path) -> None:
    before = counted(server)
    for _ in range(10):
        upload(server)
    assert server.request("DELETE", f"/api/v2/media/upload/{begin(server)}/").status_code == 204
    assert counted(server) == grown(before, 10, aborted=1)
    with stopped_in_the_middle(server):
        servers.wait_until(lambda: value(scrape(server), "scapi_requests_in_progress") == 2, PATIENCE, "the request")
        for worker in server.workers():
            kill(server, worker)
        for _ in range(10):
            upload(server)
        found = scrape(server)
    assert value(found, "scapi_requests_in_progress") == 1  # the scrape itself
    assert counted(server) == grown(before, 20, aborted=1)
    (folder,) = temporary.glob("scapi-metrics-*")
    assert {file.stem.rpartition("_")[2] for file in folder.glob("*.db")} == {"1", "2"}


@contextmanager
def stopped_in_the_middle(server: Server) -> Iterator[None]:
    """Send only the head of a chunk's request, so that a thread waits for the rest."""
    address = urlsplit(server.url)
    head = f"POST {CHUNK} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 9\r\n"
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=30) as connection:
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode())
        yield


def kill(server: Server, worker: int) -> None:
    """Kill a worker and wait until another one has taken its place."""
    others = set(server.workers())
    os.kill(worker, signal.SIGKILL)
    servers.wait_until(lambda: bool(set(server.workers()) - others), PATIENCE, "another worker")


def test_a_repeated_complete_is_no_second_one(server: Server) -> None:
    upload_id = client.send_all(server, PHOTO)
    before = value(scrape(server), "scapi_uploads_completed_total")
    for _ in range(3):
        assert client.complete(server, upload_id, client.md5(PHOTO)).status_code == 201
    assert value(scrape(server), "scapi_uploads_completed_total") == before + 1


def test_what_expires_is_counted_although_a_command_does_it(server: Server) -> None:
    before = scrape(server)
    begin(server)
    unfinished = value(scrape(server), "scapi_uploads_unfinished")
    assert unfinished == value(before, "scapi_uploads_unfinished") + 1
    server.scapi("sweep", "--older-than", "0")
    after = scrape(server)
    swept = {"what": "expired uploads"}
    assert value(after, "scapi_uploads_unfinished") == value(after, "scapi_uploads_overdue") == 0
    assert value(after, "scapi_swept_total", **swept) == value(before, "scapi_swept_total", **swept) + unfinished
    assert value(after, "scapi_sweep_failures_total") == 0
    assert time.time() - value(after, "scapi_last_sweep_timestamp_seconds", **swept) < 60


def test_errors_are_counted_by_code(server: Server) -> None:
    before = scrape(server)
    for _ in range(3):
        assert server.request("GET", "/nowhere").status_code == 404
        assert server.request("BREW", "/nowhere").status_code == 404
        refusal(server.request("POST", COMPLETE, json={"md5": "0" * 32}), 400, "required", "upload_id")
    after = scrape(server)
    for labels, more in (({"code": "not_found", "status": "404"}, 6), ({"code": "required", "status": "400"}, 3)):
        assert value(after, "scapi_errors_total", **labels) == value(before, "scapi_errors_total", **labels) + more
    routes = {(sample.labels["method"], sample.labels["route"]) for sample in after["scapi_request_seconds"].samples}
    assert ("", "") in routes
    assert not [method for method, _ in routes if method == "BREW"]


def test_storage_calls_that_fail_are_counted(server: Server) -> None:
    url = client.upload(server, PHOTO)["url"].removeprefix(server.url)
    for file in (Path(server.settings["SCAPI_DATA_DIR"]) / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    assert server.request("GET", url).status_code == 404
    assert value(scrape(server), "scapi_storage_seconds_count", operation="open", outcome="not_found") >= 1


def test_previews(server: Server, site: Site) -> None:
    for path, outcome in (("/page", "ready"), ("/nowhere", "empty")):
        before = value(scrape(server), "scapi_preview_seconds_count", outcome=outcome)
        answer = server.request("POST", "/api/v2/media/", json={"type": "url", "url": site.url + path})
        assert answer.status_code == 201, answer.text
        assert value(scrape(server), "scapi_preview_seconds_count", outcome=outcome) == before + 1


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, token(7)])
def test_it_wants_its_own_token(server: Server, header: dict[str, str]) -> None:
    answer = server.request("GET", "/metrics", headers=header)
    refusal(answer, 401, "invalid_token")
    assert "scapi_" not in answer.text


def test_without_a_token_it_is_not_there(make_app: Callable[..., Flask]) -> None:
    assert make_app().test_client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_one_process_alone_has_them_too(make_app: Callable[..., Flask]) -> None:
    app = make_app(SCAPI_METRICS_TOKEN=TOKEN).test_client()
    app.get("/nowhere")
    text = app.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    found = {metric.name: metric for metric in text_string_to_metric_families(text)}
    assert value(found, "scapi_errors_total", code="not_found") >= 1
    assert value(found, "scapi_ready", part="database") == 1


@pytest.fixture(scope="module")
def everything(server: Server, site: Site) -> dict[str, Metric]:
    """A scrape in which every metric has a sample."""
    server.request("GET", "/nowhere")
    upload(server)
    server.request("POST", "/api/v2/media/", json={"type": "url", "url": f"{site.url}/page"})
    server.scapi("sweep")
    return scrape(server)


def sample_names(metrics: dict[str, Metric]) -> set[str]:
    return {sample.name for metric in metrics.values() for sample in metric.samples}


def test_the_documented_metrics_are_those_that_there_are(everything: dict[str, Metric]) -> None:
    page = (ROOT / "docs" / "watching.md").read_text()
    rows = [[cell.strip() for cell in row.split("|")[1:4]] for row in re.findall(r"^\| scapi_.*$", page, re.MULTILINE)]
    documented = {name: (kind, set(labels.split(", ")) - {""}) for name, kind, labels in rows}
    assert documented == {
        name: (metric.type, {label for sample in metric.samples for label in sample.labels} - {"le"})
        for name, metric in everything.items()
    }
    assert set(NAME.findall(page)) <= sample_names(everything) | everything.keys()


def test_the_dashboard_shows_all_metrics_and_no_other(everything: dict[str, Metric]) -> None:
    dashboard: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= dashboard.keys()
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    shown = set()
    for panel in panels:
        assert {"type", "title", "gridPos", "datasource", "fieldConfig", "targets"} <= panel.keys()
        for target in panel["targets"]:
            shown |= set(NAME.findall(target["expr"]))
    assert shown <= sample_names(everything)
    assert {name for name in everything if not any(sample.startswith(name) for sample in shown)} == set()
