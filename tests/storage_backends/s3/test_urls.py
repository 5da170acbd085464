"""Presigned URLs and URLs of a CDN, against real servers."""

import time

import pytest
import requests

from storage_backends.conformance.steps import save
from tests.servers import Server, wait_until
from tests.storage_backends.s3_setup import s3_backend


def test_a_url_answers_with_the_type_and_disposition_given(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(s3_server, monkeypatch)
    save(backend, "ab/cd", b"content")
    answer = requests.get(backend.url("ab/cd", "application/pdf", 'inline; filename="a b.pdf"'), timeout=10)
    assert answer.content == b"content"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="a b.pdf"'


def test_a_url_that_was_altered_or_is_too_old_is_refused(seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(seaweed, monkeypatch, SCAPI_S3_URL_EXPIRES=2)
    save(backend, "ab/cd", b"content")
    url = backend.url("ab/cd", "image/png", "inline")
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url.replace("inline", "attachment"), timeout=10).status_code == 403
    wait_until(lambda: requests.get(url, timeout=10).status_code == 403, 15, "the URL to be refused")


def test_a_url_stays_the_same_for_a_while(seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    first = s3_backend(seaweed, monkeypatch, SCAPI_S3_PREFIX="shared/", SCAPI_S3_URL_EXPIRES=3600)
    other = s3_backend(seaweed, monkeypatch, SCAPI_S3_PREFIX="shared/", SCAPI_S3_URL_EXPIRES=3600)
    begins = int(time.time()) // 1200 * 1200
    urls = []
    for moment in (begins, begins + 1199, begins + 1200):
        monkeypatch.setattr("storage_backends.s3.urls.time.time", lambda moment=moment: moment)
        urls.append(first.url("ab/cd", "image/png", "inline"))
        assert other.url("ab/cd", "image/png", "inline") == urls[-1]
    assert urls[0] == urls[1] != urls[2]
    monkeypatch.undo()
    backend = s3_backend(seaweed, monkeypatch)
    save(backend, "ab/cd", b"content")  # requests are signed with the current time, unlike URLs
    assert requests.get(backend.url("ab/cd", "image/png", "inline"), timeout=10).content == b"content"


def test_a_url_at_a_cdn(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"SCAPI_MEDIA_BASE_URL": "https://cdn.example/", "SCAPI_S3_PREFIX": "media/"}
    backend = s3_backend(moto, monkeypatch, **settings)
    assert backend.url("ab/cd", "image/png", "inline") == "https://cdn.example/media/ab/cd"
