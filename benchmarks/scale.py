"""Measures whether the cost of a chunk grows: python -m benchmarks.scale [sqlite|postgresql]

Sends one file in 10,000 chunks of 1 KiB as whole requests in one process, without a network; then again with 100,000
unfinished uploads and 1,000,000 media in the database. Prints medians in milliseconds, and the plans of all statements
that an upload needs: each must use an index.
"""

import hashlib
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from benchmarks.http import MULTIPART, form
from benchmarks.in_process import application, plan, statements, tidy_up
from benchmarks.peers.ours import CHUNK, COMPLETE
from scapi.cli import cli
from scapi.database import db, now
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.uploads import md5
from scapi.uploads.models import Status, Upload
from tests import databases, files

CHUNKS = 10_000
SIZE = 1024
UPLOADS = 100_000
MEDIA = 1_000_000
BATCH = 20_000
SAMPLE = 500
"""The number of first and last chunks whose medians are compared."""


def fill() -> None:
    """Insert uploads and media without bytes."""
    began = now()
    empty = md5.start()
    for rows in _batches(UPLOADS, lambda number: _upload(number, began, empty)):
        db.session.execute(insert(Upload), rows)
    for rows in _batches(MEDIA, lambda number: _media(number, began)):
        db.session.execute(insert(Media), rows)
    for rows in _batches(MEDIA, _file):
        db.session.execute(insert(MediaFile), rows)
    db.session.commit()
    tidy_up()


def _batches(count: int, row: Callable[[int], dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(1, count + 1, BATCH):
        yield [row(number) for number in range(start, min(start + BATCH, count + 1))]


def _upload(number: int, began: Any, empty: bytes) -> dict[str, Any]:
    upload_id = f"{number:032x}"
    return {
        "id": upload_id,
        "user_id": number % 1000,
        "filename": "photo.jpg",
        "mimetype": "image/jpeg",
        "total": 1_000_000,
        "offset": 0,
        "md5": empty,
        "last_start": 0,
        "md5_before": empty,
        "state": {"key": f"{upload_id[:2]}/{upload_id}", "size": 0},
        "status": Status.UPLOADING,
        "created_at": began,
        "expires_at": began + timedelta(seconds=number),
    }


def _media(number: int, began: Any) -> dict[str, Any]:
    return {
        "hash_code": uuid.UUID(int=number),
        "creator_id": number % 1000,
        "added_at": began,
        "type": MediaType.IMAGE,
        "title": "photo",
    }


def _file(number: int) -> dict[str, Any]:
    return {
        "media_id": number,
        "role": Role.FILE,
        "name": "photo.jpg",
        "title": "photo.jpg",
        "key": f"ff/{number:032x}",
        "mimetype": "image/jpeg",
        "size": 1_000_000,
    }


def send(client: FlaskClient, data: bytes) -> tuple[list[float], str]:
    """Upload a file; return the milliseconds of each chunk, and the upload's id."""
    times, upload_id = [], ""
    for start in range(0, len(data), SIZE):
        piece = data[start : start + SIZE]
        body = b"".join(form({"upload_id": upload_id} if upload_id else {}, ("image", "file.pdf", piece)))
        headers = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(data)}"}
        began = time.perf_counter()
        answer = client.post(CHUNK, data=body, content_type=MULTIPART, headers=headers)
        times.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        upload_id = answer.json["upload_id"]
    return times, upload_id


def complete(client: FlaskClient, upload_id: str, data: bytes) -> Any:
    """Complete the upload and return its media."""
    fields = {"upload_id": upload_id, "md5": hashlib.md5(data).hexdigest()}
    answer = client.post(COMPLETE, data=fields)
    assert answer.status_code == 201, answer.text
    return answer.json


def measure(app: Flask, label: str) -> None:
    """Send the file and print the times of its first and last chunks."""
    data = files.pdf() + b"\n%" + random.Random(0).randbytes(CHUNKS * SIZE)
    data = data[: CHUNKS * SIZE]
    times, _ = send(app.test_client(), data)
    first, last = median(times[1 : SAMPLE + 1]), median(times[-SAMPLE:])
    print(f"  {label:50} chunks 2-{SAMPLE + 1}: {first:.3f} ms, last {SAMPLE}: {last:.3f} ms, {last / first:.2f} x")


def show_plans(app: Flask) -> None:
    """Print the plan of each statement of an upload, of showing its media, and of sweeping."""
    client, runner, photo = app.test_client(), app.test_cli_runner(), files.jpeg(noise=True)
    with statements() as sent:
        _, upload_id = send(client, photo)
        media = complete(client, upload_id, photo)
        assert client.get(f"/api/v2/media/{media['id']}/").status_code == 200
        assert client.get(media["url"].removeprefix("http://localhost")).status_code == 200
        runner.invoke(cli, ["sweep", "--dry-run"])
    for statement, parameters in {statement: (statement, parameters) for statement, parameters in sent}.values():
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            print(f"\n    {' '.join(statement.split())[:110]}\n{plan(statement, parameters)}")


def main() -> None:
    """Run on the database named, or on both."""
    for kind in sys.argv[1:] or databases.KINDS:
        print(f"\n{kind}")
        with application(kind) as app:
            measure(app, "in an empty database")
            began = time.perf_counter()
            fill()
            print(f"  {UPLOADS:,} uploads and {MEDIA:,} media inserted in {time.perf_counter() - began:.0f} s")
            measure(app, "among them")
            show_plans(app)


if __name__ == "__main__":
    main()
