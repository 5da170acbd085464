"""Published tus clients, unchanged: tuspy in this process, tus-js-client in Node."""

import json
import subprocess
from io import BytesIO
from pathlib import Path

import requests
from tusclient.client import TusClient

from tests import files
from tests.client import fetch
from tests.running import Server
from tests.tus.speaking import TUS


def test_tuspy_goes_on_where_it_stopped(server: Server) -> None:
    photo = files.jpeg(400, 300, noise=True)
    client = TusClient(server.url + TUS)
    uploader = client.uploader(file_stream=BytesIO(photo), chunk_size=10_000, metadata={"filename": "photo.jpg"})
    uploader.upload(stop_at=20_000)
    again = client.uploader(file_stream=BytesIO(photo), chunk_size=10_000, url=uploader.url)
    assert again.offset == 20_000
    again.upload()
    assert again.url is not None
    media = requests.get(again.url, timeout=30).json()["media"]
    assert media["title"] == "photo"
    assert fetch(server, media["url"]).content == photo


def test_tus_js_client_uploads_in_parts_beside_one_another(server: Server, modules: Path, tmp_path: Path) -> None:
    photo = files.jpeg(400, 300, noise=True)
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo)
    for options in ({"chunkSize": 20_000}, {"parallelUploads": 3}, {"uploadLengthDeferred": True, "chunkSize": 20_000}):
        command = ["node", "tus.cjs", server.url + TUS, str(path), json.dumps(options)]
        done = subprocess.run(command, cwd=modules.parent, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        media = requests.get(done.stdout.strip(), timeout=30).json()
        assert fetch(server, media["url"]).content == photo, options
