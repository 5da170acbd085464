"""Measures `scapi check` and `scapi storage copy` with many files, compared with rclone.

python -m benchmarks.day_two [FILES [FILES TO MOVE]]
It fills a data dir with small files and their rows, and moves them to its own SeaweedFS. Needs rclone.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from hashlib import md5
from pathlib import Path

from sqlalchemy import insert

from scapi import create_app
from scapi.database import db
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.settings import read_settings
from tests import databases, servers
from tests.running import ROOT, environment

SIZE = 8 * 1024
"""Bytes of a file: the size of a thumbnail. With small files the requests count, not the bytes."""

BATCH = 1000
JOBS = 8

SCAPI = [sys.executable, "-m", "scapi"]


def fill(settings: dict[str, str], count: int) -> None:
    """Make `count` files and their rows, without the API."""
    app = create_app(read_settings(environment(**{**settings, "SCAPI_STORAGE_BEFORE": ""})))
    root = Path(settings["SCAPI_DATA_DIR"], "files")
    with app.app_context():
        for start in range(0, count, BATCH):
            media, rows = [], []
            for number in range(start + 1, min(start + BATCH, count) + 1):
                upload_id = uuid.uuid4().hex
                key, data = f"{upload_id[:2]}/{upload_id}", os.urandom(SIZE)
                path = root / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                media.append({"id": number, "type": MediaType.IMAGE, "stored": SIZE})
                digest = md5(data, usedforsecurity=False).hexdigest()
                rows.append(
                    {
                        "media_id": number,
                        "role": Role.FILE,
                        "name": "image.png",
                        "title": "image.png",
                        "key": key,
                        "mimetype": "image/png",
                        "size": SIZE,
                        "md5_served": digest,
                        "storage": "local",
                    }
                )
            db.session.execute(insert(Media), media)
            db.session.execute(insert(MediaFile), rows)
            db.session.commit()


def measure(label: str, count: int, command: list[str], env: dict[str, str]) -> None:
    """Run a command and print its time and memory."""
    began, memory, before = time.perf_counter(), 0, resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
        while process.poll() is None:
            memory = max(memory, peak(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        figures = f"{count / seconds:8.0f} files/s  {1000 * processor / count:6.2f} ms of a processor for each"
        print(f"{label:40} {figures}  {memory / 1024:6.0f} MiB  {seconds:6.1f} s", flush=True)
        if process.returncode:
            output.seek(0)
            print(output.read()[-500:])


def peak(pid: int) -> int:
    """Return the peak memory (KiB) of a process since it started its program."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def check(server: databases.PostgreSQL, count: int) -> None:
    """Measure a check of local files."""
    with tempfile.TemporaryDirectory() as folder:
        here = {"SCAPI_DATABASE_URL": server.create(), "SCAPI_DATA_DIR": folder}
        fill(here, count)
        measure("scapi check (local)", count, [*SCAPI, "check"], environment(**here))
        measure("scapi check --bytes (local)", count, [*SCAPI, "check", "--bytes"], environment(**here))
        rclone = ["rclone", "md5sum", f"--checkers={JOBS}", "--config=/dev/null", f"{folder}/files"]
        measure("rclone md5sum (local)", count, rclone, environment())


def move(server: databases.PostgreSQL, store: servers.Server, count: int) -> None:
    """Measure a move from local files to S3, a check there, and the move back."""
    with tempfile.TemporaryDirectory() as folder:
        both = {
            "SCAPI_DATABASE_URL": server.create(),
            "SCAPI_DATA_DIR": folder,
            **store.process_environment(),
            "SCAPI_STORAGE": "local",
            "SCAPI_STORAGE_BEFORE": "s3",
        }
        fill(both, count)
        env = environment(**both)
        env.pop("AWS_CA_BUNDLE", None)  # rclone cannot use one
        remote = f":s3,provider=SeaweedFS,env_auth=true,endpoint='{store.endpoint_url}':{store.bucket}/rclone"
        rclone = ["rclone", f"--transfers={JOBS}", f"--checkers={JOBS}", "--config=/dev/null", "--s3-no-check-bucket"]
        files = f"{folder}/files"
        measure("rclone copy (local to S3)", count, [*rclone, "copy", files, remote], env)
        measure("rclone check --download (against S3)", count, [*rclone, "check", "--download", files, remote], env)
        measure("scapi storage copy --to s3", count, [*SCAPI, "storage", "copy", "--to", "s3"], env)
        measure("scapi check (S3)", count, [*SCAPI, "check"], env)
        measure("scapi check --bytes (S3)", count, [*SCAPI, "check", "--bytes"], env)
        shutil.rmtree(files)
        measure("scapi storage copy --to local", count, [*SCAPI, "storage", "copy", "--to", "local"], env)
        shutil.rmtree(files)
        measure("rclone copy (S3 to local)", count, [*rclone, "copy", remote, files], env)
        measure("rclone check --download (against S3)", count, [*rclone, "check", "--download", files, remote], env)


def main() -> None:
    """Measure on PostgreSQL."""
    counts = [int(argument) for argument in sys.argv[1:]]
    checked = counts[0] if counts else 100_000
    moved = counts[1] if len(counts) > 1 else checked
    with (
        tempfile.TemporaryDirectory(prefix="pg") as sockets,
        databases.postgresql(Path(sockets), durable=True) as server,
        servers.seaweedfs() as store,
    ):
        print(f"{checked} files of {SIZE} bytes are checked, {moved} moved, {JOBS} at a time", flush=True)
        check(server, checked)
        move(server, store, moved)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    main()
