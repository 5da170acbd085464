"""drf-chunked-upload under gunicorn: the direct Python peer (Django REST framework, SQLite, local disk)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.http import MULTIPART, Buffer, Connection, form
from benchmarks.peers import Peer

HERE = Path(__file__).parent


class Drf(Peer):
    """Its chunks are multipart forms with a Content-Range too; completing reads the file again for its MD5."""

    name = "drf-chunked-upload"

    def command(self, folder: Path, port: int, workers: int) -> tuple[list[str], Mapping[str, str]]:
        environment = {"BENCHMARK_FOLDER": str(folder), "PYTHONPATH": str(HERE)}
        make = [sys.executable, "-c", "import drf_app; drf_app.make_database()"]
        subprocess.run(make, env=environment, check=True, capture_output=True)
        command = [sys.executable, "-m", "gunicorn", "--config=/dev/null", f"--bind=127.0.0.1:{port}"]
        # the same kind of worker and the same number of threads as in scapi's configuration
        command += [f"--workers={workers}", "--worker-class=gthread", "--threads=8", "--keep-alive=15"]
        return [*command, "drf_app:application"], environment

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        headers = {"Content-Type": MULTIPART, "Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}"}
        body = form({"filename": "file.pdf"}, ("file", "file.pdf", data))
        answer = connection.request("PUT", f"/upload/{upload}", headers, body, expect=200)
        return upload or f"{answer.json()['id']}/"

    def complete(self, connection: Connection, upload: str, md5: str) -> list[str]:
        connection.request("POST", f"/upload/{upload}", {"Content-Type": MULTIPART}, form({"md5": md5}), expect=200)
        return []
