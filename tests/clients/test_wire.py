"""Requests as in the API's documentation and from its clients, byte by byte where they differ from others."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import files
from tests.client import CHUNK, COMPLETE, md5, send_all, send_chunk
from tests.running import Server


def curl(server: Server, folder: Path, path: str, *options: str) -> dict[str, Any]:
    """Post with curl, and return the answer, which must be JSON with status 201."""
    shown = ["-sS", "--write-out", "\n%{http_code} %{content_type}"]
    done = subprocess.run(["curl", *shown, *options, server.url + path], cwd=folder, check=True, capture_output=True)
    body, _, facts = done.stdout.decode().rpartition("\n")
    assert facts == "201 application/json", body
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_chunks_with_transfer_encoding_chunked(server: Server, tmp_path: Path) -> None:
    data = files.jpeg(400, 400, noise=True)
    (tmp_path / "first").write_bytes(data[:100_000])
    (tmp_path / "rest").write_bytes(data[100_000:])
    chunked = ("-H", "Transfer-Encoding: chunked", "-H")
    place = f"Content-Range: bytes 0-99999/{len(data)}"
    upload = curl(server, tmp_path, CHUNK, *chunked, place, "-F", "image=@first;filename=lake.jpg")
    place = f"Content-Range: bytes 100000-{len(data) - 1}/{len(data)}"
    form = ("-F", f"upload_id={upload['upload_id']}", "-F", "image=@rest;filename=lake.jpg")
    assert curl(server, tmp_path, CHUNK, *chunked, place, *form)["offset"] == str(len(data))
    fields = json.dumps({"upload_id": upload["upload_id"], "type": "image", "md5": md5(data)})
    media = curl(server, tmp_path, COMPLETE, *chunked, "Content-Type: application/json", "--data", fields)
    assert (media["title"], media["size"]) == ("lake", len(data))


def test_what_was_answered_may_be_sent_back(server: Server) -> None:
    data = files.jpeg(400, 400, noise=True)
    first = send_chunk(server, data[:100_000], 0, len(data), form={"offset": "0", "expires": ""}).json()
    second = send_chunk(server, data[100_000:], 100_000, len(data), form=first)
    assert second.json() == {**first, "offset": str(len(data))}


@pytest.mark.parametrize("way", ["data", "json", "files"])
def test_completing_in_every_way(server: Server, way: str) -> None:
    data = files.gif()
    fields: dict[str, Any] = {"upload_id": send_all(server, data), "type": "image", "md5": md5(data)}
    if way == "files":
        fields = {name: (None, value) for name, value in fields.items()}
    answer = server.request("POST", COMPLETE, **{way: fields})
    assert (answer.status_code, answer.json()["size"]) == (201, len(data))


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*"])
@pytest.mark.parametrize("path", ["/nowhere", "/api/v2/", "/media/x/y", "/api/v2/media/x/", COMPLETE, "/api/v2/tag/?"])
def test_every_answer_is_json(server: Server, path: str, accept: str) -> None:
    answer = server.request("GET", path, headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "application/json"
    answer.json()
