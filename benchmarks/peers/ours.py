"""scapi under gunicorn, on SQLite and local disk unless more settings say otherwise."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.http import MULTIPART, Buffer, Connection, form
from benchmarks.peers import Peer
from tests import databases
from tests.running import SECRET

CHUNK = "/api/v2/media/upload/chunk/"
COMPLETE = "/api/v2/media/upload/complete/"
GiB = 1024**3


class Scapi(Peer):
    """Sends chunks like the real clients: each is a multipart form with a Content-Range."""

    name = "scapi"
    application = "wsgi:app"

    def __init__(self, **settings: str) -> None:
        self._settings = settings

    def command(self, folder: Path, port: int, workers: int) -> tuple[list[str], Mapping[str, str]]:
        environment = {
            "SCAPI_DATA_DIR": str(folder),
            "SCAPI_DATABASE_URL": databases.SQLite(folder).create(),
            "SCAPI_JWT_SECRET": SECRET,
            "SCAPI_MAX_DOCUMENT_BYTES": str(GiB),
            "SCAPI_MAX_IMAGE_BYTES": str(GiB),
            "PORT": str(port),
            "WEB_CONCURRENCY": str(workers),
        }
        return [sys.executable, "-m", "gunicorn", self.application], {**environment, **self._settings}

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        headers = {"Content-Type": MULTIPART, "Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}"}
        body = form({"upload_id": upload} if upload else {}, ("image", "file.pdf", data))
        answer = connection.request("POST", CHUNK, headers, body, expect=201)
        return upload or str(answer.json()["upload_id"])

    def complete(self, connection: Connection, upload: str, md5: str) -> list[str]:
        body = form({"upload_id": upload, "md5": md5})
        media = connection.request("POST", COMPLETE, {"Content-Type": MULTIPART}, body, expect=201).json()
        urls = (media["url"], media["image"], media["image_thumbnail"]["url"])
        return list(dict.fromkeys(urlsplit(url).path for url in urls))


class PlainScapi(Scapi):
    """scapi without renditions, so that nothing is made after an answer."""

    name = "scapi, no renditions"

    def __init__(self) -> None:
        super().__init__(SCAPI_RENDITION_WIDTHS="")


class UnsyncedScapi(Scapi):
    """scapi without syncs, like the others."""

    name = "scapi, syncing nothing"
    application = "benchmarks.peers.unsynced:app"
