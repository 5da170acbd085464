"""S3Backend's own behaviour: its requests, and the resulting objects and URLs."""

import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage_backends import CheckedBackend
from storage_backends.base import MiB, Misconfigured, NotFound, StorageError
from storage_backends.conformance.steps import add, data, read, sweep, upload
from storage_backends.s3 import S3Backend
from tests.servers import Server
from tests.storage_backends.s3_setup import (
    client_of,
    intercept,
    operations,
    published,
    record,
    refusal,
    s3_backend,
    s3_inventory,
)


def test_a_chunk_as_large_as_a_part_is_put_once_and_never_read(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(moto, monkeypatch)
    made = record(backend)
    state = backend.start("ab/cd", "application/pdf")
    assert not made
    state = add(backend, state, data(5 * MiB))
    assert operations(made) == ["PutObject"]
    made.clear()
    state = add(backend, state, data(5 * MiB), offset=5 * MiB)
    assert operations(made) == sorted(["CreateMultipartUpload", "UploadPartCopy", "PutObject"])
    made.clear()
    state = add(backend, state, data(100), offset=10 * MiB)
    assert operations(made) == sorted(["DeleteObject", "UploadPartCopy", "PutObject"])
    made.clear()
    backend.finish(state)
    assert operations(made) == sorted(
        [
            *["UploadPartCopy", "ListParts", "CompleteMultipartUpload"],
            *["ListObjectsV2", "DeleteObjects"],
        ]
    )


def test_small_chunks_are_read_once_and_joined(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(moto, monkeypatch)
    state = upload(backend, "ab/cd", *[data(2 * MiB)] * 3)
    made = record(backend)
    state = add(backend, state, data(2 * MiB), offset=6 * MiB)
    assert operations(made) == sorted(["CreateMultipartUpload", *["GetObject"] * 3, "UploadPart", "PutObject"])
    ranges = [parameters.get("Range", "whole") for name, parameters in made if name == "GetObject"]
    assert sorted(ranges) == [f"bytes=0-{1 * MiB - 1}", "whole", "whole"]  # they are read in parallel


def test_a_file_smaller_than_a_part_never_becomes_a_multipart_upload(
    moto: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = s3_backend(moto, monkeypatch)
    for key, chunks, expected in (("ab/one", 1, "CopyObject"), ("ab/two", 2, "PutObject")):
        state = upload(backend, key, *[data(1 * MiB)] * chunks)
        made = record(backend)
        backend.finish(state)
        assert expected in operations(made)
        assert "CreateMultipartUpload" not in operations(made)


def test_all_parts_but_the_last_are_of_one_size(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(s3_server, monkeypatch)
    sizes: list[int] = []

    def look(name: str, parameters: dict[str, Any], request: Any) -> Any:
        if name == "CompleteMultipartUpload":
            where = {one: parameters[one] for one in ("Bucket", "Key", "UploadId")}
            sizes.extend(part["Size"] for part in s3_server.client().list_parts(**where)["Parts"])
        return request()

    intercept(backend, look)
    chunks = [data(size) for size in (6 * MiB, 100, 7 * MiB, 3 * MiB, 5 * MiB)]
    backend.finish(upload(backend, "ab/cd", *chunks))
    total = sum(map(len, chunks))
    assert sizes == [6 * MiB] * (total // (6 * MiB)) + [total % (6 * MiB)]


def test_any_process_takes_the_next_chunk(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    first = s3_backend(moto, monkeypatch, SCAPI_S3_PREFIX="shared/")
    second = s3_backend(moto, monkeypatch, SCAPI_S3_PREFIX="shared/")
    state = json.loads(json.dumps(upload(first, "ab/cd", data(3 * MiB), data(3 * MiB))))
    second.finish(add(second, state, b"the end", offset=6 * MiB))
    assert read(first, "ab/cd") == data(3 * MiB) * 2 + b"the end"


@pytest.mark.parametrize("chunks", [[b"one"], [data(5 * MiB), data(5 * MiB), b"end"]], ids=["small", "large"])
def test_a_server_that_cannot_copy(moto: Server, monkeypatch: pytest.MonkeyPatch, chunks: list[bytes]) -> None:
    backend = s3_backend(moto, monkeypatch)

    def refuse_copies(name: str, _: dict[str, Any], request: Any) -> Any:
        if name in ("CopyObject", "UploadPartCopy"):
            raise refusal("NotImplemented", 501, name)
        return request()

    intercept(backend, refuse_copies)
    backend.finish(upload(backend, "ab/cd", *chunks))
    assert read(backend, "ab/cd") == b"".join(chunks)
    assert published(backend, moto, "ab/cd")["ContentType"] == "image/png"


@pytest.mark.parametrize("chunks", [[b"one"], [b"one", b"two"], [data(5 * MiB), b"end"]], ids=["one", "few", "large"])
def test_a_published_object_has_type_class_and_encryption(
    moto: Server, monkeypatch: pytest.MonkeyPatch, chunks: list[bytes]
) -> None:
    settings = {"SCAPI_S3_SERVER_SIDE_ENCRYPTION": "aws:kms", "SCAPI_S3_KMS_KEY_ID": "a-key"}
    settings["SCAPI_CACHE_CONTROL"] = "public, max-age=60"
    backend = s3_backend(moto, monkeypatch, SCAPI_S3_STORAGE_CLASS="STANDARD_IA", **settings)
    made = record(backend)
    backend.finish(upload(backend, "ab/cd", *chunks))
    head = published(backend, moto, "ab/cd")
    assert head["ContentType"] == "image/png"
    assert head["StorageClass"] == "STANDARD_IA"
    assert head["CacheControl"] == "public, max-age=60"
    assert head["ServerSideEncryption"] == "aws:kms"
    makers = [one for one in made if one[0] in ("PutObject", "CopyObject", "CreateMultipartUpload")]
    assert all(parameters["SSEKMSKeyId"] == "a-key" for _, parameters in makers)
    parked = [parameters for _, parameters in makers if ".parked/" in parameters["Key"]]
    assert len(parked) == len(chunks)
    assert not any("StorageClass" in parameters for parameters in parked)


@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
def test_digests_that_are_sent(s3_server: Server, monkeypatch: pytest.MonkeyPatch, checksums: str) -> None:
    backend = s3_backend(s3_server, monkeypatch, SCAPI_S3_CHECKSUMS=checksums)
    sent: dict[str, Any] = {}
    client_of(backend).meta.events.register(
        "before-send.s3", lambda request, event_name, **_: sent.update({event_name.split(".")[-1]: request.headers})
    )
    backend.finish(upload(backend, "ab/cd", *[data(2 * MiB)] * 4))
    assert read(backend, "ab/cd") == data(2 * MiB) * 4
    for operation in ("PutObject", "UploadPart", "DeleteObjects"):
        assert sent[operation]["Content-MD5"]
    for operation in ("PutObject", "UploadPart"):
        added = any(name.lower().startswith("x-amz-checksum-") for name in sent[operation])
        assert added == (checksums == "when_supported")


@pytest.mark.parametrize("chunks", [[b"one"], [b"one", b"two"], [data(5 * MiB), b"end"]], ids=["one", "few", "large"])
def test_an_object_keeps_its_name_and_how_long_it_is_cached(
    s3_server: Server, monkeypatch: pytest.MonkeyPatch, chunks: list[bytes]
) -> None:
    """A CDN in front knows only the headers of the object."""
    backend = s3_backend(s3_server, monkeypatch, SCAPI_CACHE_CONTROL="public, max-age=60")
    name = "attachment; filename=a.pdf; filename*=UTF-8''%C3%A4.pdf"
    state = backend.named(backend.start("ab/cd", "application/pdf"), name)
    backend.finish(add(backend, state, *chunks))
    backend.save_named("ab/saved", io.BytesIO(b"x"), "image/png", "inline; filename=x.png")
    head, saved = published(backend, s3_server, "ab/cd"), published(backend, s3_server, "ab/saved")
    assert (head["ContentDisposition"], head["CacheControl"]) == (name, "public, max-age=60")
    assert (saved["ContentDisposition"], saved["CacheControl"]) == ("inline; filename=x.png", "public, max-age=60")


def test_the_documented_lifecycle_rules_are_rules(moto: Server) -> None:
    page = Path(__file__).parents[3].joinpath("docs", "s3.md").read_text()
    (rules,) = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"Rules"' in one]
    moto.client().put_bucket_lifecycle_configuration(Bucket=moto.bucket, LifecycleConfiguration=rules)
    kept = moto.client().get_bucket_lifecycle_configuration(Bucket=moto.bucket)["Rules"]
    moto.client().delete_bucket_lifecycle(Bucket=moto.bucket)
    assert [rule["ID"] for rule in kept] == ["scapi-multipart", "scapi-parked", "scapi-versions", "scapi-markers"]


def test_a_key_below_another_is_left_alone(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(s3_server, monkeypatch)
    below = upload(backend, "ab/cd/ef", b"first")
    backend.abort(upload(backend, "ab/cd", b"gone"))
    backend.finish(add(backend, below, b"second", offset=5, key="ab/cd/ef"))
    assert read(backend, "ab/cd/ef") == b"firstsecond"


def test_long_listings_and_many_deletions(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(s3_server, monkeypatch)
    monkeypatch.setattr("storage_backends.s3.bucket.DELETE_BATCH", 3)
    events = client_of(backend).meta.events
    for operation, limit in {
        "ListObjectsV2": "MaxKeys",
        "ListMultipartUploads": "MaxUploads",
        "ListParts": "MaxParts",
    }.items():
        events.register(
            f"before-parameter-build.s3.{operation}", lambda params, limit=limit, **_: params.update({limit: 2})
        )
    backend.finish(upload(backend, "ab/cd", *[data(1 * MiB)] * 16))
    assert read(backend, "ab/cd") == data(1 * MiB) * 16
    states = [upload(backend, f"ab/{number}", data(5 * MiB), *[b"x"] * 4) for number in range(3)]
    assert len(list(backend.unfinished(datetime.now(UTC) + timedelta(days=1)))) >= 15
    backend.abort(states[0])
    sweep(backend)
    assert s3_inventory(s3_server, backend)() == ["ab/cd"]


def test_what_cannot_be_deleted_is_an_error(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(moto, monkeypatch)
    state = upload(backend, "ab/cd", b"one", b"two")
    answer = {
        "Errors": [{"Key": "gone", "Code": "NoSuchKey"}, {"Key": "kept", "Code": "AccessDenied", "Message": "no"}]
    }
    intercept(backend, lambda name, _, request: answer if name == "DeleteObjects" else request())
    with pytest.raises(StorageError, match="kept was not deleted: AccessDenied"):
        backend.abort(state)


def test_a_server_that_deletes_one_object_at_a_time(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(moto, monkeypatch)
    made: list[str] = []

    def refuse_batches(name: str, _: dict[str, Any], request: Any) -> Any:
        made.append(name)
        if name == "DeleteObjects":
            raise refusal("NotImplemented", 501, name)
        return request()

    intercept(backend, refuse_batches)
    for key in ("ab/one", "ab/two"):
        backend.finish(upload(backend, key, *[data(2 * MiB)] * 4, b"end"))
        assert read(backend, key) == data(2 * MiB) * 4 + b"end"
    assert sorted(s3_inventory(moto, backend)()) == ["ab/one", "ab/two"]
    assert made.count("DeleteObjects") == 1


def test_other_things_in_the_bucket_are_not_listed(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(moto, monkeypatch)
    prefix = backend._bucket.prefix
    for name in ("photo.jpg", ".parked/ab/cd/readme.txt", ".parked/.check"):
        moto.client().put_object(Bucket=moto.bucket, Key=prefix + name, Body=b"x")
    assert not list(backend.unfinished(datetime.now(UTC) + timedelta(days=1)))


def test_settings_that_cannot_work() -> None:
    for settings, message in (
        ({}, "SCAPI_S3_BUCKET is not set"),
        ({"SCAPI_S3_CHECKSUMS": "never"}, "SCAPI_S3_CHECKSUMS is 'never'; expected one of: when_supported,"),
        ({"SCAPI_S3_ADDRESSING_STYLE": "dns"}, "SCAPI_S3_ADDRESSING_STYLE is 'dns'; expected one of: auto, path"),
        ({"SCAPI_S3_SERVER_SIDE_ENCRYPTION": "rot13"}, "expected one of: AES256, aws:kms"),
        ({"SCAPI_S3_PREFIX": "/media/"}, "SCAPI_S3_PREFIX is '/media/'"),
        ({"SCAPI_S3_ENDPOINT_URL": "localhost:8333"}, "SCAPI_S3_ENDPOINT_URL 'localhost:8333'"),
    ):
        with pytest.raises(Misconfigured, match=message):
            S3Backend.from_settings({"SCAPI_S3_BUCKET": "bucket"} | settings if settings else {})


def test_without_boto3_the_message_says_what_to_install() -> None:
    code = "import sys; sys.modules['boto3'] = None\nimport storage_backends\nstorage_backends.load('s3')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "pip install 'scapi[s3]'" in done.stderr.splitlines()[-1]
    assert "Misconfigured" in done.stderr.splitlines()[-1]


def test_finishing_what_was_never_written_is_not_found_after_abort(
    moto: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = s3_backend(moto, monkeypatch)
    state = upload(backend, "ab/cd", b"one")
    backend.abort(state)
    with pytest.raises(NotFound):
        CheckedBackend(backend).finish(state)
    with pytest.raises(StorageError):
        backend.write(backend.start("ab/cd", "image/png"), 0, io.BytesIO(b"abc"), 4)
