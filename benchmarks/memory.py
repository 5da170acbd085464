"""Measures the peak memory of a worker during an upload of 1 GiB in chunks of 16 MiB.

    python -m benchmarks.memory [storage]

The storage is `local`, `moto` or `seaweedfs` (default).
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import requests

from tests import databases, running, servers
from tests.running import Server

MiB = 1024 * 1024
TOTAL = 1024 * MiB
CHUNK = 16 * MiB
SERVERS = {"moto": servers.moto_server, "seaweedfs": servers.seaweedfs}


def main(storage: str) -> None:
    """Upload and print the worker's peak before and after."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = {"SCAPI_DATABASE_URL": databases.SQLite(folder).create()}
        if storage != "local":
            s3 = stack.enter_context(SERVERS[storage]())
            settings |= s3.process_environment()
        settings["SCAPI_MAX_DOCUMENT_BYTES"] = str(TOTAL)
        server = stack.enter_context(running.scapi(folder, workers=1, **settings))
        with requests.Session() as session:
            upload_id = send(
                session, server, 0, CHUNK, "", total=CHUNK
            )  # the first chunk loads modules, which stay in memory
            session.delete(f"{server.url}/api/v2/media/upload/{upload_id}/", timeout=60)
            idle, upload_id = peak(server), ""
            for start in range(0, TOTAL, CHUNK):
                upload_id = send(session, server, start, CHUNK, upload_id)
        most = peak(server)
        print(f"{storage}: {TOTAL // MiB} MiB in chunks of {CHUNK // MiB} MiB")
        grown = (most - idle) / CHUNK
        print(f"peak after one chunk {idle / MiB:.0f} MiB, in the end {most / MiB:.0f} MiB: {grown:+.1f} chunks")


def send(session: requests.Session, server: Server, start: int, size: int, upload_id: str, total: int = TOTAL) -> str:
    """Post one chunk and return the upload's id."""
    data = b"%PDF-1.7\n".ljust(16) + os.urandom(size - 16)
    answer = session.post(
        f"{server.url}/api/v2/media/upload/chunk/",
        files={"file": ("a.pdf", data)},
        data={"upload_id": upload_id},
        headers={"Content-Range": f"bytes {start}-{start + size - 1}/{total}"},
        timeout=60,
    )
    answer.raise_for_status()
    found: str = answer.json()["upload_id"]
    return found


def peak(server: Server) -> int:
    """Return the peak memory (bytes) of all workers."""
    status = Path(f"/proc/{server.workers()[0]}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "seaweedfs")
