"""The storage loses bytes of an unfinished upload: its client hears 410 `upload_gone`, each time, and begins again."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests import files
from tests.client import complete, md5, refusal, send_all, send_chunk
from tests.running import Server
from tests.servers import Server as Store

MiB = 1024 * 1024
PAPER = files.pdf(1, size=14 * MiB)
CHUNK = 3 * MiB

Serve = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="module", params=["local", "seaweed"])
def server(request: pytest.FixtureRequest, serve: Serve) -> Iterator[Server]:
    with serve(("postgresql" if request.param == "seaweed" else "sqlite", request.param), workers=1) as server:
        yield server


@pytest.fixture
def lose(server: Server, request: pytest.FixtureRequest) -> Callable[[], None]:
    """A function that removes everything of unfinished uploads from the storage."""

    def in_bucket() -> None:
        store: Store = request.getfixturevalue("seaweed")
        client, prefix = store.client(), server.settings["SCAPI_S3_PREFIX"]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=store.bucket, Prefix=f"{prefix}.parked/"):
            for found in page.get("Contents", ()):
                client.delete_object(Bucket=store.bucket, Key=found["Key"])
        for found in client.list_multipart_uploads(Bucket=store.bucket, Prefix=prefix).get("Uploads", ()):
            client.abort_multipart_upload(Bucket=store.bucket, Key=found["Key"], UploadId=found["UploadId"])

    def on_disk() -> None:
        for folder in Path(server.settings["SCAPI_DATA_DIR"], "parts").iterdir():
            shutil.rmtree(folder)

    return in_bucket if "SCAPI_S3_PREFIX" in server.settings else on_disk


def is_gone(server: Server, upload_id: str) -> None:
    refusal(server.request("GET", f"/api/v2/media/upload/{upload_id}/"), 410, "upload_gone")
    refusal(send_chunk(server, PAPER[:100], 0, len(PAPER), upload_id=upload_id), 410, "upload_gone")
    refusal(complete(server, upload_id, md5(PAPER)), 410, "upload_gone")


def test_a_chunk_finds_out(server: Server, lose: Callable[[], None]) -> None:
    upload_id = send_chunk(server, PAPER[:CHUNK], 0, len(PAPER)).json()["upload_id"]
    assert send_chunk(server, PAPER[CHUNK : 2 * CHUNK], CHUNK, len(PAPER), upload_id=upload_id).status_code == 201
    lose()
    answer = send_chunk(server, PAPER[2 * CHUNK :], 2 * CHUNK, len(PAPER), upload_id=upload_id)
    refusal(answer, 410, "upload_gone")
    is_gone(server, upload_id)
    again = complete(server, send_all(server, PAPER, CHUNK), md5(PAPER))
    assert again.status_code == 201, again.text


def test_a_look_finds_out(server: Server, lose: Callable[[], None]) -> None:
    some = send_chunk(server, PAPER[:CHUNK], 0, len(PAPER)).json()["upload_id"]
    whole = send_all(server, PAPER, CHUNK)
    for upload_id, offset in ((some, CHUNK), (whole, len(PAPER))):
        said = server.request("GET", f"/api/v2/media/upload/{upload_id}/")
        assert (said.status_code, said.json()["offset"]) == (200, str(offset))
    lose()
    for upload_id in (some, whole):
        is_gone(server, upload_id)


def test_complete_finds_out(server: Server, lose: Callable[[], None]) -> None:
    upload_id = send_all(server, PAPER, CHUNK)
    lose()
    refusal(complete(server, upload_id, md5(PAPER)), 410, "upload_gone")
    is_gone(server, upload_id)
