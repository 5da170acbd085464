"""A simple tus client, header by header."""

import base64
from typing import Any
from urllib.parse import urlsplit

import requests

from tests import files
from tests.running import Server

TUS = "/api/v2/tus/"
STREAM = "application/offset+octet-stream"
PHOTO = files.jpeg(300, 200, noise=True)


def ask(server: Server, method: str, path: str, data: Any = None, **headers: str) -> requests.Response:
    """Send a request of the protocol; header names have _ instead of -."""
    sent = {"Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if data is not None:
        sent.setdefault("Content-Type", STREAM)
    answer = server.request(method, path, data=data, headers=sent, allow_redirects=False)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer


def metadata(**values: str) -> str:
    """Return Upload-Metadata."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def created(answer: requests.Response) -> str:
    """Return the path of the upload that was created."""
    assert answer.status_code == 201, answer.text
    return urlsplit(answer.headers["Location"]).path


def create(server: Server, length: int | None = len(PHOTO), **headers: str) -> str:
    """Create an upload and return its path."""
    size = {"Upload_Defer_Length": "1"} if length is None else {"Upload_Length": str(length)}
    return created(ask(server, "POST", TUS, **size, **headers))


def patch(server: Server, path: str, offset: int, data: Any, **headers: str) -> requests.Response:
    """Send bytes."""
    return ask(server, "PATCH", path, data, Upload_Offset=str(offset), **headers)


def offset_of(server: Server, path: str) -> int:
    """Return the offset of the upload."""
    answer = ask(server, "HEAD", path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def media_of(server: Server, answer: requests.Response) -> dict[str, Any]:
    """Return the media whose URL is in an answer."""
    url = answer.headers["Scapi-Media"]
    media: dict[str, Any] = server.request("GET", url.removeprefix(server.url)).json()
    return media
