"""A check decides before anyone can see a file: it is accepted, refused and removed, or waits for the check."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import EntryPoint, EntryPoints
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from flask import Flask

from scapi import create_app
from scapi.checks import base, checking
from scapi.checks.base import CheckedFile, Rejected
from scapi.media import claims
from scapi.settings import ConfigurationError, read_settings
from tests import files, running
from tests.checks import fake_clamd
from tests.checks.fake_clamd import EICAR
from tests.client import CHUNK, COMPLETE, complete, fetch, md5, refusal, send_all, send_chunk
from tests.conftest import token
from tests.previews import sites
from tests.previews.sites import Answer
from tests.running import SECRET, Server
from tests.storehouse import contents

PHOTO = files.jpeg()
INFECTED = files.with_jpeg_segment(PHOTO, 0xFE, EICAR)


@pytest.fixture(scope="module")
def site() -> Iterator[sites.Site]:
    with sites.serving() as site:
        site.put("/good.jpg", Answer(PHOTO, "image/jpeg"))
        site.put("/bad.jpg", Answer(INFECTED, "image/jpeg"))
        yield site


@pytest.fixture(scope="module")
def server(
    database: str,
    new_database: Callable[[str], str],
    site: sites.Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server whose clamd is away: a test starts it."""
    folder = tmp_path_factory.mktemp("checks")
    settings = {
        "SCAPI_DATABASE_URL": new_database(database),
        "SCAPI_CHECKS": "clamd",
        "SCAPI_CLAMD_ADDRESS": str(folder / "clamd"),
        "SCAPI_PREVIEW_ALLOW": "127.0.0.1",
        "SCAPI_PREVIEW_PORTS": str(site.port),
    }
    with running.scapi(folder, **settings) as server:
        yield server


@pytest.fixture
def clamd(server: Server) -> Iterator[fake_clamd.Clamd]:
    with fake_clamd.clamd(server.settings["SCAPI_CLAMD_ADDRESS"]) as daemon:
        yield daemon


def test_what_passes_becomes_a_media(server: Server, clamd: fake_clamd.Clamd) -> None:
    media = complete(server, send_all(server, PHOTO, 1000), md5(PHOTO))
    assert media.status_code == 201
    assert clamd.scanned == [PHOTO]
    assert fetch(server, media.json()["url"]).content == PHOTO


def test_what_is_refused_is_gone(server: Server, clamd: fake_clamd.Clamd) -> None:
    before = contents(server.settings)
    upload_id = send_all(server, INFECTED, headers=token(7))
    body = refusal(complete(server, upload_id, md5(INFECTED), headers=token(7)), 400, "refused_by_check")
    assert body["message"] == "this file was refused by a check: Eicar-Test-Signature"
    assert contents(server.settings) == before
    refusal(complete(server, upload_id, md5(INFECTED), headers=token(7)), 400, "refused_by_check")
    refusal(send_chunk(server, PHOTO, 0, upload_id=upload_id, headers=token(7)), 400, "refused_by_check")
    refusal(server.request("GET", f"/api/v2/media/upload/{upload_id}/", headers=token(7)), 400, "refused_by_check")
    refusal(complete(server, upload_id, md5(INFECTED), headers=token(8)), 404, "upload_not_found")
    assert "1 rows of ended uploads" in server.scapi("sweep", "--older-than", "0")
    refusal(complete(server, upload_id, md5(INFECTED), headers=token(7)), 404, "upload_not_found")


def test_a_wrong_md5_is_not_worth_a_check(server: Server, clamd: fake_clamd.Clamd) -> None:
    refusal(complete(server, send_all(server, PHOTO), md5(b"")), 400, "md5_mismatch", "md5")
    assert clamd.scanned == []


def test_an_upload_waits_for_a_check_that_is_away(server: Server) -> None:
    upload_id = send_all(server, PHOTO)
    answer = complete(server, upload_id, md5(PHOTO))
    refusal(answer, 503, "check_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert server.request("GET", f"/api/v2/media/upload/{upload_id}/").json()["status"] == "uploading"
    with fake_clamd.clamd(server.settings["SCAPI_CLAMD_ADDRESS"]):
        assert complete(server, upload_id, md5(PHOTO)).status_code == 201


def test_a_picture_from_a_url_is_checked_too(server: Server, site: sites.Site, clamd: fake_clamd.Clamd) -> None:
    before = contents(server.settings)
    bad = server.request("POST", "/api/v2/media/", json={"type": "image", "url": f"{site.url}/bad.jpg"})
    refusal(bad, 400, "refused_by_check")
    assert contents(server.settings) == before
    good = server.request("POST", "/api/v2/media/", json={"type": "image", "url": f"{site.url}/good.jpg"})
    assert good.status_code == 201
    assert clamd.scanned == [INFECTED, PHOTO]


def uploaded(app: Flask) -> str:
    """Send a photo as one chunk and return the upload's id."""
    answer = app.test_client().post(CHUNK, data={"image": (BytesIO(PHOTO), "Фото.jpg")}, headers=token(7))
    upload_id: str = answer.json["upload_id"]
    return upload_id


def said(app: Flask, upload_id: str) -> tuple[int, str]:
    """Send complete; return the status and the error's code."""
    answer = app.test_client().post(COMPLETE, data={"upload_id": upload_id, "md5": md5(PHOTO)}, headers=token(7))
    errors = answer.get_json().get("errors")
    return answer.status_code, errors[0]["code"] if errors else ""


def test_checks_run_one_after_another_until_one_refuses(app: Flask) -> None:
    seen = []

    def first(file: CheckedFile, stream: BinaryIO) -> None:
        seen.append((file, stream.read()))

    def second(file: CheckedFile, stream: BinaryIO) -> None:
        raise Rejected("not that name")

    app.extensions["scapi.checks"] = {"first": first, "second": second, "third": first}
    upload_id = uploaded(app)
    assert said(app, upload_id) == (400, "refused_by_check")
    assert seen == [(CheckedFile("Фото.jpg", "image/jpeg", len(PHOTO), 7), PHOTO)]


def test_a_check_that_breaks_lets_nothing_in(app: Flask) -> None:
    def broken(file: CheckedFile, stream: BinaryIO) -> None:
        raise ZeroDivisionError

    app.extensions["scapi.checks"] = {"broken": broken}
    upload_id = uploaded(app)
    assert said(app, upload_id) == (500, "internal_server_error")
    app.extensions["scapi.checks"] = {}
    assert said(app, upload_id) == (201, "")


def test_of_two_verdicts_the_first_counts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the slow check of one request is about to refuse the file, another request makes the media."""
    monkeypatch.setattr(claims, "CLAIM", timedelta(0))
    reached, passed = threading.Event(), threading.Event()

    def late(file: CheckedFile, stream: BinaryIO) -> None:
        reached.set()
        passed.wait(30)
        raise Rejected("too late")

    app.extensions["scapi.storages"]["local"].exclusive = _no_lock
    upload_id = uploaded(app)
    app.extensions["scapi.checks"] = {"late": late}
    answers: list[tuple[int, str]] = []
    refused = threading.Thread(target=lambda: answers.append(said(app, upload_id)))
    refused.start()
    reached.wait(30)
    app.extensions["scapi.checks"] = {}
    assert said(app, upload_id) == (201, "")
    passed.set()
    refused.join()
    assert answers == [(201, "")]


def _no_lock(key: str) -> BytesIO:
    """Lock nothing, as in S3; a BytesIO is a context manager that does nothing."""
    return BytesIO()


@pytest.mark.parametrize(
    ("name", "message"), [("no-such", "there is no check 'no-such'; installed are: .*clamd"), ("odd", "TypeError")]
)
def test_checks_that_cannot_be_used(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = EntryPoint("odd", "json:loads", base.ENTRY_POINT_GROUP)
    there = EntryPoints([odd, EntryPoint("clamd", "scapi.checks.clamd:from_settings", base.ENTRY_POINT_GROUP)])
    monkeypatch.setattr(checking, "entry_points", lambda group: there.select(group=group))
    settings = {"SCAPI_DATA_DIR": str(tmp_path), "SCAPI_JWT_SECRET": SECRET, "SCAPI_CHECKS": [name]}
    with pytest.raises(ConfigurationError, match=message):
        create_app(read_settings(settings))
