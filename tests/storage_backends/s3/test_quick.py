"""Small objects that are sent and read without botocore's request handling."""

import io

import pytest

from storage_backends import CheckedBackend
from storage_backends.base import NotFound
from storage_backends.conformance.steps import data
from tests.servers import Server
from tests.storage_backends.s3_setup import operations, published, record, s3_backend


def test_whole_objects_are_sent_and_read_past_the_client(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(s3_server, monkeypatch, SCAPI_CACHE_CONTROL="public, max-age=60")
    made = record(backend)
    content = data(10_000)
    backend.save_named("ab/cd", io.BytesIO(content), "image/png", 'inline; filename="a.png"')
    with backend.whole("ab/cd", len(content)) as stream:
        assert stream.read() == content
    assert made == []
    said = published(backend, s3_server, "ab/cd")
    assert (said["ContentType"], said["ContentDisposition"]) == ("image/png", 'inline; filename="a.png"')
    assert said["CacheControl"] == "public, max-age=60"


def test_what_does_not_go_well_is_asked_for_in_the_ordinary_way(
    seaweed: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = s3_backend(seaweed, monkeypatch)
    made = record(backend)
    with pytest.raises(NotFound):
        CheckedBackend(backend).whole("ab/cd", 5)
    assert operations(made) == ["GetObject"]
    monkeypatch.setattr(backend._bucket._quick, "_url", "http://127.0.0.1:9/")
    backend.save_named("ab/cd", io.BytesIO(b"12345"), "image/png", "inline")
    with backend.whole("ab/cd", 5) as stream:
        assert stream.read() == b"12345"
    assert operations(made) == ["GetObject", "GetObject", "PutObject"]
