"""Clients generated from the OpenAPI document: they can be built, and they upload."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests import files
from tests.client import fetch
from tests.running import ROOT, Server

DOCUMENT = "/api/v2/openapi.json"

PAGE = (ROOT / "docs" / "your-app" / "server.md").read_text()

PYTHON = """
import hashlib, importlib, io, pathlib, pkgutil, sys
import scapi_client
for module in pkgutil.walk_packages(scapi_client.__path__, "scapi_client."):
    importlib.import_module(module.name)
from scapi_client import Client
from scapi_client.api.media import media_chunk_upload_complete
from scapi_client.api.uploads import media_chunk_upload
from scapi_client.models import ChunkCompleteMedia, ChunkMedia
from scapi_client.types import File

data, size = pathlib.Path(sys.argv[2]).read_bytes(), 204_800
client, upload_id = Client(base_url=sys.argv[1]), ""
for start in range(0, len(data), size):
    piece = data[start : start + size]
    chunk = ChunkMedia(file=File(io.BytesIO(piece), "photo.jpg", "image/jpeg"), upload_id=upload_id)
    where = f"bytes {start}-{start + len(piece) - 1}/{len(data)}"
    upload_id = media_chunk_upload.sync(client=client, body=chunk, content_range=where).upload_id
done = ChunkCompleteMedia(upload_id=upload_id, md5=hashlib.md5(data).hexdigest())
print(media_chunk_upload_complete.sync(client=client, body=done).url)
"""

TYPESCRIPT = """
import type { components, operations } from './scapi'
export const nameOf = (media: components['schemas']['Media']): string => media.title ?? `media ${media.id}`
type Complete = operations['MediaChunkUploadComplete']
export const body: Complete['requestBody']['content']['application/json'] = { upload_id: 'abc', md5: 'def' }
export const urlOf = (made: Complete['responses'][201]['content']['application/json']) => made.url?.length
// @ts-expect-error: a media has no such member
export const nothing = (media: components['schemas']['Media']) => media.nothing
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo that has more than one chunk."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(files.jpeg(700, 500, noise=True))
    assert path.stat().st_size > 204_800
    return path


def test_openapi_python_client(server: Server, photo: Path, tmp_path: Path) -> None:
    [told] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    config = tmp_path / "config.yaml"
    config.write_text(f"{told}post_hooks: []\n")  # which would format the result
    document = tmp_path / "openapi.json"
    document.write_bytes(requests.get(f"{server.url}{DOCUMENT}?bodies=json", timeout=30).content)
    tool = Path(sys.executable).with_name("openapi-python-client")
    command = [tool, "generate", "--path", document, "--config", config, "--meta", "none", "--fail-on-warning"]
    run(*command, "--output-path", tmp_path / "scapi_client", folder=tmp_path)
    made = run(sys.executable, "-c", PYTHON, server.url, photo, folder=tmp_path)
    assert fetch(server, made.strip()).content == photo.read_bytes()


def test_openapi_typescript(server: Server, modules: Path, tmp_path: Path) -> None:
    tools = modules / ".bin"
    (tmp_path / "openapi.json").write_bytes(requests.get(server.url + DOCUMENT, timeout=30).content)
    run(tools / "openapi-typescript", "openapi.json", "--output", "scapi.ts", folder=tmp_path)
    (tmp_path / "app.ts").write_text(TYPESCRIPT)
    run(tools / "tsc", "--noEmit", "--strict", "--target", "es2022", "app.ts", folder=tmp_path)


def run(*command: object, folder: Path) -> str:
    """Run a command in a folder and return what it prints."""
    env = {**os.environ, "PYTHONPATH": str(folder)}
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
