"""How many source files run for one normal chunk."""

import sys
from pathlib import Path
from types import FrameType

from flask import Flask

from scapi.database import db
from tests.client import CHUNK, KiB, chunk_form
from tests.running import ROOT

MOST = {"sqlite": 14, "postgresql": 15}
"""The most files of scapi/ and storage_backends/ whose code runs in the request, by database."""

SIZE = 200 * KiB


def test_files_that_a_chunk_touches(app: Flask) -> None:
    upload_id = send(app, 0)
    send(app, SIZE, upload_id)  # without code that runs only once, at the first request
    touched: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and (path.is_relative_to(ROOT / "scapi") or path.is_relative_to(ROOT / "storage_backends")):
            touched.add(str(path.relative_to(ROOT)))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        send(app, 2 * SIZE, upload_id)
    finally:
        sys.setprofile(before)
    assert len(touched) <= MOST[db.engine.dialect.name], sorted(touched)


def send(app: Flask, start: int, upload_id: str = "") -> str:
    """Send a chunk in the middle of a PDF; return the upload's id."""
    data = b"%PDF-1.7\n".ljust(SIZE, b"x")
    headers = {"Content-Range": f"bytes {start}-{start + SIZE - 1}/{10 * SIZE}"}
    answer = app.test_client().post(CHUNK, **chunk_form(data, upload_id), headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    found: str = answer.json["upload_id"]
    return found
