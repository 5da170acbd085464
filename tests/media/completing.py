"""Completes uploads in this process."""

from io import BytesIO
from typing import Any

from flask import Flask

from tests.client import CHUNK, COMPLETE, md5


def completed(app: Flask, data: bytes) -> dict[str, Any]:
    """Upload a file in one chunk and complete it; return the media."""
    client = app.test_client()
    upload_id = client.post(CHUNK, data={"image": (BytesIO(data), "file")}).get_json()["upload_id"]
    answer = client.post(COMPLETE, data={"upload_id": upload_id, "md5": md5(data)})
    assert answer.status_code == 201, answer.text
    media: dict[str, Any] = answer.get_json()
    return media
