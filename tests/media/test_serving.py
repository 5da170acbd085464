"""How files are served: by scapi itself from local disk, and by redirects to S3."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests import files, servers
from tests.client import complete, fetch, md5, refusal, send_chunk, upload
from tests.running import Server


def test_files_are_served_safely_and_cached(server: Server) -> None:
    media = upload(server, files.jpeg(300, 200))
    answer = fetch(server, media["url"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "immutable" in answer.headers["Cache-Control"]
    again = fetch(server, media["url"], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = server.request("HEAD", media["url"].removeprefix(server.url))
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(answer.content)))


def test_a_range_of_another_version_gets_the_whole_file(server: Server) -> None:
    data = files.jpeg(300, 200)
    media = upload(server, data)
    answer = fetch(server, media["url"], headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (answer.status_code, answer.content) == (200, data)


def test_a_suffix_that_is_longer_than_the_file_is_the_whole_file(server: Server) -> None:
    data = files.jpeg(300, 200)
    url = upload(server, data)["url"]
    answer = fetch(server, url, headers={"Range": f"bytes=-{len(data) + 1}"})
    assert (answer.status_code, answer.content) == (206, data)
    assert answer.headers["Content-Range"] == f"bytes 0-{len(data) - 1}/{len(data)}"
    assert server.request("GET", url.removeprefix(server.url), headers={"Range": "bytes=-0"}).status_code == 416


def test_of_several_ranges_at_once_the_whole_file_is_sent(server: Server) -> None:
    data = files.jpeg(300, 200)
    answer = fetch(server, upload(server, data)["url"], headers={"Range": "bytes=0-1,5-6"})
    assert (answer.status_code, answer.content) == (200, data)


def test_conditions_on_the_file(server: Server) -> None:
    data = files.jpeg(300, 200)
    url = upload(server, data)["url"]
    etag = fetch(server, url).headers["ETag"]
    refusal(fetch(server, url, headers={"If-Match": '"other"'}), 412, "precondition_failed")
    assert fetch(server, url, headers={"If-Match": etag}).content == data
    assert fetch(server, url, headers={"If-None-Match": etag, "Range": "bytes=0-9"}).status_code == 304
    for nonsense in ("foo", "lines=1-2", "bytes=b-a"):
        answer = fetch(server, url, headers={"Range": nonsense})
        assert (answer.status_code, answer.content) == (200, data)


@pytest.fixture(scope="module")
def on_s3(serve: Callable[..., AbstractContextManager[Server]]) -> Callable[..., AbstractContextManager[Server]]:
    """A function that serves scapi on S3."""
    return lambda **settings: serve(("sqlite", "seaweed"), workers=1, **settings)


def test_on_s3_a_file_redirects_to_a_presigned_url(on_s3: Callable[..., AbstractContextManager[Server]]) -> None:
    data = files.pdf()
    with on_s3() as server:
        media = upload(server, data, filename="minutes \u00fc.pdf")
        answer = fetch(server, media["url"], allow_redirects=False)
        assert answer.status_code == 302
        assert answer.headers["Cache-Control"].startswith("private, max-age=")
        assert answer.headers["Vary"] == "Origin"
        signed = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert int(signed["X-Amz-Expires"][0]) > int(answer.headers["Cache-Control"].rpartition("=")[2])
        there = fetch(server, media["url"])
        assert there.content == data
        assert there.headers["Content-Type"] == "application/pdf"
        assert there.headers["Content-Disposition"].startswith("attachment; filename=")
        unsigned = answer.headers["Location"].partition("?")[0]
        assert requests.get(unsigned, timeout=10).status_code == 403


def test_a_cdn_in_front_of_the_files(on_s3: Callable[..., AbstractContextManager[Server]]) -> None:
    with on_s3(SCAPI_MEDIA_BASE_URL="https://cdn.example/files/") as server:
        media = upload(server, files.jpeg())
        answer = fetch(server, media["url"], allow_redirects=False)
        assert answer.headers["Location"].startswith("https://cdn.example/files/place")
        assert "X-Amz" not in answer.headers["Location"]


def test_every_object_keeps_its_name_for_a_cdn(
    on_s3: Callable[..., AbstractContextManager[Server]], seaweed: servers.Server
) -> None:
    client = seaweed.client()
    small, paper = files.jpeg(gps=True), files.pdf()
    with on_s3() as server:
        made = [upload(server, small, filename="Ä.jpg"), upload(server, paper, filename="minutes.pdf")]
        tiny = send_chunk(server, paper[:2], 0, len(paper), filename="tiny.pdf").json()["upload_id"]
        send_chunk(server, paper[2:], 2, len(paper), upload_id=tiny)
        made.append(complete(server, tiny, md5(paper)).json())
        for media in made:
            for url in filter(None, (media["url"], media["image"], media["image_thumbnail"]["url"])):
                there = fetch(server, url, allow_redirects=False)
                key = urlsplit(there.headers["Location"]).path.removeprefix(f"/{seaweed.bucket}/")
                object_ = client.head_object(Bucket=seaweed.bucket, Key=key)
                served = requests.head(url, timeout=30).headers
                assert object_["ContentDisposition"] == served["Content-Disposition"]
                assert object_["ContentType"] == served["Content-Type"]
                assert object_["CacheControl"]
    client.close()
