"""Continuing after an interruption, aborting, and sweeping."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
from sqlalchemy import create_engine, text

from tests import files
from tests.client import complete, md5, refusal, send_all, send_chunk, upload
from tests.conftest import token
from tests.running import Server
from tests.storehouse import contents

PHOTO = files.jpeg(200, 200, noise=True)


def path(upload_id: str) -> str:
    return f"/api/v2/media/upload/{upload_id}/"


def test_a_client_asks_how_far_it_came(server: Server) -> None:
    begun = send_chunk(server, PHOTO[:1000], 0, len(PHOTO), filename="me.jpg").json()
    answer = server.request("GET", path(begun["upload_id"]))
    assert answer.status_code == 200
    assert answer.json() == {
        "upload_id": begun["upload_id"],
        "offset": "1000",
        "total": str(len(PHOTO)),
        "expires": begun["expires"],
        "filename": "me.jpg",
        "status": "uploading",
    }


def test_the_status_of_a_completed_upload(server: Server) -> None:
    upload_id = send_all(server, PHOTO)
    complete(server, upload_id, md5(PHOTO))
    assert server.request("GET", path(upload_id)).json()["status"] == "completed"
    refusal(server.request("DELETE", path(upload_id)), 409, "upload_completed")


def test_only_its_owner_sees_and_aborts_an_upload(server: Server) -> None:
    upload_id = send_chunk(server, PHOTO[:1000], 0, len(PHOTO), headers=token(7)).json()["upload_id"]
    for method in ("GET", "DELETE"):
        refusal(server.request(method, path(upload_id)), 404, "upload_not_found")
        refusal(server.request(method, path(upload_id), headers=token(8)), 404, "upload_not_found")
    assert server.request("GET", path(upload_id), headers=token(7)).status_code == 200
    assert server.request("DELETE", path(upload_id), headers=token(7)).status_code == 204


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("unknown", ["0" * 32, "chunk", "Z" * 32])
def test_unknown_uploads(server: Server, method: str, unknown: str) -> None:
    assert server.request(method, path(unknown)).status_code in (404, 405)


@pytest.fixture
def own_server(
    place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]
) -> Callable[..., AbstractContextManager[Server]]:
    """A function that starts a server for one test only."""
    return partial(serve, place, workers=1)


@pytest.fixture(scope="module")
def quiet_server(place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A server whose storage changes only by the test itself: no job makes files later."""
    with serve(place, workers=1, SCAPI_RENDITION_WIDTHS="") as server:
        yield server


def test_abort_leaves_nothing(quiet_server: Server) -> None:
    before = contents(quiet_server.settings)
    upload_id = send_all(quiet_server, PHOTO)
    assert contents(quiet_server.settings) > before
    assert quiet_server.request("DELETE", path(upload_id)).status_code == 204
    assert contents(quiet_server.settings) == before
    refusal(quiet_server.request("GET", path(upload_id)), 404, "upload_not_found")
    refusal(quiet_server.request("DELETE", path(upload_id)), 404, "upload_not_found")
    refusal(complete(quiet_server, upload_id, md5(PHOTO)), 404, "upload_not_found")


def test_an_expired_upload_is_gone_and_swept(own_server: Callable[..., AbstractContextManager[Server]]) -> None:
    with own_server(SCAPI_UPLOAD_TTL="1") as server:
        kept = upload(server, PHOTO)
        upload_id = send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).json()["upload_id"]
        while server.request("GET", path(upload_id)).status_code == 200:
            pass
        refusal(send_chunk(server, PHOTO[1000:], 1000, len(PHOTO), upload_id=upload_id), 410, "upload_expired")
        refusal(complete(server, upload_id, md5(PHOTO)), 410, "upload_expired")
        assert "would remove 1 expired uploads" in server.scapi("sweep", "--dry-run")
        assert len(contents(server.settings)) == 3
        assert "removed 1 expired uploads" in server.scapi("sweep")
        assert "removed 0 expired uploads" in server.scapi("sweep")
        assert len(contents(server.settings)) == 2
        refusal(send_chunk(server, PHOTO[1000:], 1000, len(PHOTO), upload_id=upload_id), 410, "upload_expired")
        assert server.request("GET", f"/api/v2/media/{kept['id']}/").status_code == 200


def test_the_sweeper_removes_what_nobody_names(quiet_server: Server) -> None:
    server, before = quiet_server, contents(quiet_server.settings)
    kept = upload(server, PHOTO)
    half = send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).json()["upload_id"]
    lost = send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).json()["upload_id"]
    engine = create_engine(server.settings["SCAPI_DATABASE_URL"])
    with engine.begin() as connection:  # as if the request had been killed before its row
        connection.execute(text("DELETE FROM uploads WHERE id = :id"), {"id": lost})
    engine.dispose()
    assert "0 leftovers" in server.scapi("sweep")
    summary = server.scapi("sweep", "--older-than", "0")
    assert "1 expired uploads" in summary
    assert "1 leftovers" in summary
    refusal(server.request("GET", path(half)), 404, "upload_not_found")
    assert len(contents(server.settings) - before) == 2
    assert server.request("GET", f"/api/v2/media/{kept['id']}/").status_code == 200
