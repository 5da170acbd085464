"""The log of a real server: a line for every request with its id, and no data of users."""

import json
import logging
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests import client, files, running
from tests.client import CHUNK, COMPLETE, refusal
from tests.conftest import token
from tests.running import Server

MARKER = "holiday-with-anna"
"""A part of the file's name."""


@pytest.fixture(scope="module")
def server(new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"SCAPI_LOG_FORMAT": "json", "SCAPI_LOG_LEVEL": "info", "SCAPI_MAX_CHUNK_BYTES": "100000"}
    folder = tmp_path_factory.mktemp("server")
    with running.scapi(folder, SCAPI_DATABASE_URL=new_database("sqlite"), **settings) as server:
        yield server


def lines(server: Server) -> list[dict[str, Any]]:
    """Return the log lines: each is one JSON object."""
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def lines_of(server: Server, request_id: str) -> list[dict[str, Any]]:
    return [line for line in lines(server) if line.get("request_id") == request_id]


def ask(server: Server, request_id: str, method: str, path: str, **options: Any) -> Any:
    headers = {"X-Request-ID": request_id, **token(7), **options.pop("headers", {})}
    return server.request(method, path, headers=headers, **options)


@pytest.mark.parametrize(
    ("request_id", "method", "path", "body", "status", "code", "route"),
    [
        ("id-404", "GET", f"/media/{MARKER}", b"", 404, "not_found", None),
        ("id-405", "PATCH", CHUNK, b"", 405, "method_not_allowed", None),
        ("id-413", "POST", COMPLETE, b"x" * 300_000, 413, "request_entity_too_large", COMPLETE),
    ],
)
def test_a_refusal(
    server: Server, request_id: str, method: str, path: str, body: bytes, status: int, code: str, route: str | None
) -> None:
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(server, request_id, method, f"{path}?secret={MARKER}", data=body, headers=sent)
    assert refusal(answer, status, code)["request_id"] == answer.headers["X-Request-ID"] == request_id
    (line,) = lines_of(server, request_id)
    assert line["level"] == "INFO"
    assert (line["method"], line["route"], line["status"], line["user"]) == (method, route, status, 7)
    assert line["bytes_in"] == len(body)
    assert line["bytes_out"] == len(answer.content)
    assert line["milliseconds"] >= 0
    assert line["time"].endswith("+00:00")


def test_an_upload_and_what_breaks_leave_no_name_and_no_token(server: Server) -> None:
    sent = token(7)
    media = client.upload(server, files.jpeg(), filename=f"{MARKER}.jpg", headers=sent)
    assert MARKER in media["url"]
    path = urlsplit(media["url"]).path
    assert ask(server, "id-200", "GET", path).status_code == 200
    (line,) = lines_of(server, "id-200")
    assert line["route"] == "/media/<uuid:hash_code>/<name>"
    break_files(server)
    assert refusal(ask(server, "id-500", "GET", path), 500, "storage_error")["request_id"] == "id-500"
    broken, line = lines_of(server, "id-500")
    assert "IsADirectoryError" in broken["exc_info"]
    assert (line["level"], line["status"], line["route"]) == ("WARNING", 500, "/media/<uuid:hash_code>/<name>")
    assert "exc_info" not in line
    say_nonsense(server)
    logged = server.log.read_text()
    assert "Invalid request from" in logged
    assert MARKER not in logged
    assert sent["Authorization"].split(".")[2] not in logged
    assert {line["logger"] for line in lines(server)} >= {"gunicorn.error", "scapi", "scapi.http.request_notes"}


def break_files(server: Server) -> None:
    """Replace every file by a folder."""
    for file in (Path(server.settings["SCAPI_DATA_DIR"]) / "files").rglob("*"):
        if file.is_file():
            file.unlink()
            file.mkdir()


def say_nonsense(server: Server) -> None:
    """Send a request that gunicorn answers itself."""
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=30) as connection:
        connection.sendall(f"GET /media/{MARKER}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_database_error_shows_no_parameters(server: Server) -> None:
    database = sqlite3.connect(server.settings["SCAPI_DATABASE_URL"].removeprefix("sqlite:///"))
    database.execute("ALTER TABLE uploads RENAME TO gone")
    try:
        chunk = client.send_chunk(server, files.jpeg(), filename=f"{MARKER}.jpg", headers={"X-Request-ID": "id-table"})
        refusal(chunk, 500, "internal_server_error")
    finally:
        database.execute("ALTER TABLE gone RENAME TO uploads")
        database.close()
    assert "INSERT INTO uploads" in lines_of(server, "id-table")[0]["message"]
    assert MARKER not in server.log.read_text()


def test_probes_are_not_logged(server: Server) -> None:
    ask(server, "id-probe", "GET", "/healthz")
    assert not lines_of(server, "id-probe")


@pytest.fixture
def broken_app(make_app: Callable[..., Flask]) -> Flask:
    app = make_app(SCAPI_LOG_LEVEL="info")

    @app.get("/broken/<name>")
    def broken(name: str) -> str:
        raise RuntimeError("as it happens")

    return app


def test_what_nobody_expected_is_logged_once(broken_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    answer = broken_app.test_client().get(f"/broken/{MARKER}?x={MARKER}", headers={"X-Request-ID": "id-broken"})
    assert answer.status_code == 500
    assert answer.get_json()["request_id"] == "id-broken"
    assert "as it happens" not in answer.text
    first, second = caplog.records
    assert first.getMessage() == "GET /broken/<name> broke"
    assert first.exc_info
    assert second.levelno == logging.WARNING
    assert {getattr(record, "request_id", None) for record in caplog.records} == {"id-broken"}
    assert MARKER not in caplog.text


def test_by_default_only_what_went_wrong_is_logged(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    assert make_app().test_client().get("/nowhere").status_code == 404
    assert not caplog.records
