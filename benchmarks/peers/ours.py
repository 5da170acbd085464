"""scapi under gunicorn, on SQLite and local disk unless more settings say otherwise."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.http import MULTIPART, Buffer, Connection, form
from benchmarks.peers import Peer
from tests import databases
from tests.running import SECRET

CHUNK = "/api/v2/media/upload/chunk/"
COMPLETE = "/api/v2/media/upload/complete/"
OCTETS = "application/octet-stream"
GiB = 1024**3


class Scapi(Peer):
    """The chunks as the real clients send them: each a multipart form with a Content-Range."""

    name = "scapi"

    def __init__(self, **settings: str) -> None:
        self._settings = settings

    def command(self, folder: Path, port: int, workers: int) -> tuple[list[str], Mapping[str, str]]:
        environment = {
            "SCAPI_DATA_DIR": str(folder),
            "SCAPI_DATABASE_URL": databases.SQLite(folder).create(),
            "SCAPI_JWT_SECRET": SECRET,
            "SCAPI_MAX_DOCUMENT_BYTES": str(GiB),
            "PORT": str(port),
            "WEB_CONCURRENCY": str(workers),
        }
        return [sys.executable, "-m", "gunicorn", "wsgi:app"], {**environment, **self._settings}

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        headers = {"Content-Type": MULTIPART, "Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}"}
        body = form({"upload_id": upload} if upload else {}, ("image", "file.pdf", data))
        answer = connection.request("POST", CHUNK, headers, body, expect=201)
        return upload or str(answer.json()["upload_id"])

    def complete(self, connection: Connection, upload: str, md5: str) -> None:
        body = form({"upload_id": upload, "md5": md5})
        connection.request("POST", COMPLETE, {"Content-Type": MULTIPART}, body, expect=201)


class RawScapi(Scapi):
    """The chunks as plain bodies, without a form around them."""

    name = "scapi, raw bodies"

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        headers = {"Content-Type": OCTETS, "Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}"}
        path = f"{CHUNK}?upload_id={upload}" if upload else CHUNK
        answer = connection.request("POST", path, headers, [data], expect=201)
        return upload or str(answer.json()["upload_id"])
